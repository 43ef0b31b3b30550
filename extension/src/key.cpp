// SPDX-License-Identifier: PostgreSQL
// gdpr.create_key() and the keyed digest. The file: 64 hex digits and a newline. No message names
// its path, which is a superuser's setting.
#include "extension/src/key.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "core/digest.hpp"
#include "extension/src/bridge.hpp"
#include "extension/src/keyed_values.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

char* key_file = nullptr;
uint64 key_generation = 0;

namespace {

bool IsInside(const char* path, const char* directory) {
  char real[PATH_MAX];
  if (realpath(directory, real) == nullptr) return false;
  size_t size = strlen(real);
  return strncmp(path, real, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

}  // namespace

bool InServerFiles(const char* directory) {
  char path[MAXPGPATH];
  if (IsInside(directory, DataDir)) return true;
  snprintf(path, sizeof(path), "%s/pg_wal", DataDir);
  if (IsInside(directory, path)) return true;
  snprintf(path, sizeof(path), "%s/pg_tblspc", DataDir);
  DIR* spaces = AllocateDir(path);
  bool found = false;
  while (dirent* entry = ReadDir(spaces, path)) {
    if (entry->d_name[0] == '.') continue;
    char space[MAXPGPATH * 2];
    snprintf(space, sizeof(space), "%s/%s", path, entry->d_name);
    found = found || IsInside(directory, space);
  }
  FreeDir(spaces);
  return found;
}

namespace {

constexpr int kFileBytes = 2 * kKeyBytes + 1;
constexpr char kDigestUse[] = "subject_key";

// The sub-key of keyed_digest. The master is wiped after use.
uint8 digest_key[kKeyBytes];
bool digest_key_loaded = false;
// What the transaction made and must take back if it fails: a key nobody knows locks the path.
char created_path[MAXPGPATH];

void CheckConfigured() {
  if (key_file != nullptr && key_file[0] != '\0') return;
  ereport(ERROR,
          (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("no key file is configured"),
           errhint("Set gdpr.key_file to an absolute path outside the data directory, then "
                   "call gdpr.create_key().")));
}

// The directory of gdpr.key_file, real and outside what base backups copy.
void CheckPlace(char* directory) {
  CheckConfigured();
  if (!is_absolute_path(key_file)) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("gdpr.key_file must be an absolute path")));
  }
  char parent[MAXPGPATH];
  strlcpy(parent, key_file, sizeof(parent));
  get_parent_directory(parent);
  if (realpath(parent, directory) == nullptr) {
    ereport(ERROR,
            (errcode_for_file_access(), errmsg("could not use the directory of gdpr.key_file: %m"),
             errhint("Create it, readable by the server's user only.")));
  }
  if (InServerFiles(directory)) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("gdpr.key_file must lie outside the data directory"),
                    errdetail("A key inside would travel with every base backup."),
                    errhint("Choose a directory such as /etc/postgresql/gdpr.")));
  }
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

[[noreturn]] void RefuseFile(const char* detail, const char* hint) {
  ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                  errmsg("cannot use the key file"), errdetail("%s", detail), errhint("%s", hint)));
  pg_unreachable();
}

// Reads the file. Returns false when there is none.
bool ReadKey(Master* master) {
  int file = OpenTransientFile(key_file, O_RDONLY | O_NOFOLLOW);
  if (file < 0 && errno == ENOENT) return false;
  if (file < 0) {
    ereport(ERROR, (errcode_for_file_access(), errmsg("could not open the key file: %m")));
  }
  struct stat facts;
  if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    RefuseFile("It is not a regular file.", "Restore the key file from its safe copy.");
  }
  if (facts.st_uid != geteuid() || (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    RefuseFile("Others than the server's user own it or may read it.",
               "chown it to the server's user and chmod it to 0600.");
  }
  char bytes[kFileBytes + 1];
  ssize_t size = read(file, bytes, sizeof(bytes));
  CloseTransientFile(file);
  bool valid = size == kFileBytes && bytes[kFileBytes - 1] == '\n';
  for (int i = 0; valid && i < kKeyBytes; i++) {
    int high = HexDigit(bytes[2 * i]);
    int low = HexDigit(bytes[2 * i + 1]);
    valid = high >= 0 && low >= 0;
    master->bytes[i] = static_cast<uint8>((high << 4) | low);
  }
  explicit_bzero(bytes, sizeof(bytes));
  if (!valid) {
    RefuseFile("It does not hold 64 hexadecimal digits and a newline.",
               "Restore the key file from its safe copy.");
  }
  return true;
}

void FingerprintOf(const Master& master, char (&fingerprint)[kFingerprintBytes + 1]) {
  Failure failure;
  bool ok = Catch(failure, [&] {
    std::string text = Fingerprint({master.bytes, kKeyBytes});
    fingerprint[text.copy(fingerprint, kFingerprintBytes)] = '\0';
  });
  if (!ok) Report(failure);
}

// The newest row of gdpr_internal.key_fingerprint, read without privileges: we may run as anybody.
// False when there is none.
bool FindKnownKey(KnownKey* known) {
  Oid oid = get_relname_relid("key_fingerprint", get_namespace_oid("gdpr_internal", false));
  if (!OidIsValid(oid)) elog(ERROR, "table gdpr_internal.key_fingerprint does not exist");
  Relation relation = table_open(oid, AccessShareLock);
  TupleDesc columns = RelationGetDescr(relation);
  AttrNumber instance = get_attnum(oid, "instance");
  SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, nullptr, 0, nullptr);
  *known = KnownKey{};
  known->id = -1;
  HeapTuple tuple;
  while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
    bool isnull;
    int32 id = DatumGetInt32(heap_getattr(tuple, 1, columns, &isnull));
    if (id <= known->id) continue;
    known->id = id;
    Datum fingerprint = heap_getattr(tuple, 2, columns, &isnull);
    strlcpy(known->fingerprint, TextDatumGetCString(fingerprint), sizeof(known->fingerprint));
    if (instance == InvalidAttrNumber) continue;  // ALTER EXTENSION UPDATE is still to come
    memcpy(&known->instance, DatumGetUUIDP(heap_getattr(tuple, instance, columns, &isnull)),
           sizeof(known->instance));
  }
  systable_endscan(scan);
  table_close(relation, AccessShareLock);
  return known->id >= 0;
}

void CheckFingerprint(const Master& master, const char* known) {
  char found[kFingerprintBytes + 1];
  FingerprintOf(master, found);
  if (strcmp(found, known) == 0) return;
  ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                  errmsg("the key file holds another key than this database was made with"),
                  errdetail("Fingerprint of the file: %s; of the database: %s.", found, known),
                  errhint("Copy the right key file to where gdpr.key_file says.")));
}

void FailOnFile(const char* what) {
  int saved = errno;
  unlink(created_path);
  created_path[0] = '\0';
  errno = saved;
  ereport(ERROR, (errcode_for_file_access(), errmsg("could not %s the key file: %m", what)));
}

// Writes a new key; the file must not exist.
void WriteKey(Master* master, const char* directory) {
  if (!pg_strong_random(master->bytes, kKeyBytes)) elog(ERROR, "could not get random bytes");
  char bytes[kFileBytes + 1];
  for (int i = 0; i < kKeyBytes; i++) snprintf(bytes + 2 * i, 3, "%02x", master->bytes[i]);
  bytes[kFileBytes - 1] = '\n';
  int file = OpenTransientFilePerm(key_file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (file < 0) {
    ereport(ERROR, (errcode_for_file_access(), errmsg("could not create the key file: %m")));
  }
  strlcpy(created_path, key_file, sizeof(created_path));
  if (write(file, bytes, kFileBytes) != kFileBytes) {
    if (errno == 0) errno = ENOSPC;
    FailOnFile("write");
  }
  explicit_bzero(bytes, sizeof(bytes));
  if (fchmod(file, 0600) != 0 || pg_fsync(file) != 0) FailOnFile("fsync");
  CloseTransientFile(file);
  // pg_fsync obeys fsync=off, which is right for a throw-away cluster
  fsync_fname(directory, true);
}

void StoreFingerprint(const Master& master) {
  char fingerprint[kFingerprintBytes + 1];
  FingerprintOf(master, fingerprint);
  Oid types[1] = {TEXTOID};
  Datum values[1] = {CStringGetTextDatum(fingerprint)};
  if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
  int code =
      SPI_execute_with_args("INSERT INTO gdpr_internal.key_fingerprint (fingerprint) VALUES ($1)",
                            1, types, values, nullptr, false, 0);
  if (code != SPI_OK_INSERT) elog(ERROR, "could not store the fingerprint");
  SPI_finish();
}

void AfterTransaction(XactEvent event, void*) {
  if (created_path[0] == '\0') return;
  if (event == XACT_EVENT_ABORT) unlink(created_path);
  if (event == XACT_EVENT_ABORT || event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE) {
    created_path[0] = '\0';
  }
}

void LoadDigestKey() {
  Master master;
  LoadMaster(RequireKnownKey(), &master);
  Failure failure;
  bool ok = Catch(failure, [&] {
    Key key = DeriveKey({master.bytes, kKeyBytes}, kDigestUse);
    memcpy(digest_key, key.data(), key.size());
    explicit_bzero(key.data(), key.size());
  });
  explicit_bzero(&master, sizeof(master));
  if (!ok) Report(failure);
  digest_key_loaded = true;
}

}  // namespace

KnownKey RequireKnownKey() {
  CheckConfigured();
  KnownKey known;
  if (!FindKnownKey(&known)) {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("this database has no key yet"),
                    errhint("Call gdpr.create_key() as a superuser.")));
  }
  return known;
}

void LoadMaster(const KnownKey& known, Master* master) {
  if (!ReadKey(master)) {
    ereport(ERROR,
            (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("the key file is missing"),
             errhint("Restore it from its safe copy; a new key would not match what was "
                     "stored with the old one.")));
  }
  CheckFingerprint(*master, known.fingerprint);
}

void ForgetKey(const char*, void*) {
  key_generation++;
  explicit_bzero(digest_key, sizeof(digest_key));
  digest_key_loaded = false;
  ForgetKeyedValues();
}

const uint8 (&DigestKey())[kKeyBytes] {
  if (!digest_key_loaded) LoadDigestKey();
  return digest_key;
}

text* KeyedDigestOf(std::string_view domain, std::string_view value) {
  const auto& key = DigestKey();
  text* result = nullptr;
  Failure failure;
  bool ok = Catch(failure, [&] {
    result = TextOf(KeyedDigest({key, sizeof(key)}, domain, value));
  });
  if (!ok) Report(failure);
  return result;
}

}  // namespace gdpr::pg

using namespace gdpr::pg;

// gdpr.create_key(): makes the key file, or recognises the one that is there. Never overwrites.
GDPR_FUNCTION(gdpr_create_key) {
  if (!superuser()) {
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("must be superuser to create the key")));
  }
  static bool registered = false;
  if (!registered) RegisterXactCallback(AfterTransaction, nullptr);
  registered = true;

  PreventCommandIfReadOnly("gdpr.create_key()");
  char directory[PATH_MAX];
  CheckPlace(directory);
  KnownKey known;
  bool is_known = FindKnownKey(&known);
  Master master;
  bool is_there = ReadKey(&master);
  if (is_known && !is_there) {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("this database has a key, but the key file is missing"),
                    errdetail("Fingerprint of the key: %s.", known.fingerprint),
                    errhint("Restore the file from its safe copy; a new key would not match what "
                            "was stored with the old one.")));
  }
  if (is_known) {
    CheckFingerprint(master, known.fingerprint);
    ereport(NOTICE, (errmsg("the key exists already")));
  } else {
    if (is_there) {
      ereport(NOTICE, (errmsg("the key file exists already, its key is used")));
    } else {
      WriteKey(&master, directory);
    }
    StoreFingerprint(master);
  }
  explicit_bzero(&master, sizeof(master));
  PG_RETURN_VOID();
}

// gdpr_internal.keyed_digest(domain text, value text) -> text
GDPR_FUNCTION(gdpr_keyed_digest) {
  text* domain = PG_GETARG_TEXT_PP(0);
  text* value = PG_GETARG_TEXT_PP(1);
  PG_RETURN_TEXT_P(
      KeyedDigestOf({VARDATA_ANY(domain), static_cast<size_t>(VARSIZE_ANY_EXHDR(domain))},
                    {VARDATA_ANY(value), static_cast<size_t>(VARSIZE_ANY_EXHDR(value))}));
}
