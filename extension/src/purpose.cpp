// SPDX-License-Identifier: PostgreSQL
#include "extension/src/purpose.hpp"

#include "extension/src/state_scan.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {

int no_purpose = kNoPurposeError;
int policy_memory = 65536;

namespace {

char* purpose = nullptr;
char* tenant = nullptr;
// Read by SQL through current_setting(): the application's user as claimed, how long proofs are
// kept.
char* app_user = nullptr;
char* proof_retention = nullptr;

const config_enum_entry kNoPurposeWords[] = {
    {"error", kNoPurposeError, false}, {"empty", kNoPurposeEmpty, false}, {nullptr, 0, false}};

bool CheckProofRetention(char** value, void**, GucSource) {
  if (IsInterval(*value)) return true;
  GUC_check_errdetail("It must be an interval, such as \"3 years\".");
  return false;
}

bool HasRole(Oid user, const char* name) {
  Oid role = get_role_oid(name, true);
  return OidIsValid(role) && has_privs_of_role(user, role);
}

struct Grant {
  bool granted;
  bool has_bit;  // the grants of a purpose carry its bit: one probe finds both
  int bit;
};

// Whether the purpose was granted to the role, or to one that it is a member of and inherits from.
Grant ReadGrant(const char* purpose, Oid user, Snapshot snapshot) {
  Grant grant{};
  StateScan scan;
  BeginStateScan(scan, "purpose_grant", snapshot, purpose);
  AttrNumber role_column = StateColumn(scan.heap, "role");
  AttrNumber bit_column = StateColumn(scan.heap, "bit");
  while (!grant.granted && NextState(scan)) {
    bool isnull;
    grant.granted =
        HasRole(user, NameStr(*DatumGetName(slot_getattr(scan.slot, role_column, &isnull))));
    grant.bit = DatumGetInt16(slot_getattr(scan.slot, bit_column, &isnull));
    grant.has_bit = !isnull;
  }
  EndStateScan(scan);
  return grant;
}

bool ReadBit(const char* purpose, Snapshot snapshot, int* bit) {
  StateScan scan;
  BeginStateScan(scan, "purpose", snapshot, purpose);
  bool exists = NextState(scan);
  if (exists) {
    bool isnull;
    *bit = DatumGetInt16(slot_getattr(scan.slot, StateColumn(scan.heap, "bit"), &isnull));
  }
  EndStateScan(scan);
  return exists;
}

// The address of the client, of the leader's in a parallel worker; NULL: no network lies between.
const SockAddr* ClientAddress() {
  if (MyProcPort != nullptr && MyBEEntry != nullptr) return &MyBEEntry->st_clientaddr;
  PGPROC* leader = MyProc->lockGroupLeader;
  if (leader == nullptr) return nullptr;
  int count = pgstat_fetch_stat_numbackends();
  for (int i = 1; i <= count; i++) {
    PgBackendStatus* entry = BackendEntry(i);
    if (entry != nullptr && entry->st_procpid == leader->pid) return &entry->st_clientaddr;
  }
  return nullptr;
}

bool IsWithin(const char* address, Datum* networks, int count) {
  Datum client = DirectFunctionCall1(inet_in, CStringGetDatum(address));
  for (int i = 0; i < count; i++) {
    if (DatumGetBool(DirectFunctionCall2(network_subeq, client, networks[i]))) return true;
  }
  return false;
}

bool IsOutside(ArrayType* networks) {
  Datum* items;
  bool* nulls;
  int count;
  deconstruct_array(networks, CIDROID, -1, false, TYPALIGN_INT, &items, &nulls, &count);
  const SockAddr* client = ClientAddress();
  bool local = client == nullptr ||
               (client->addr.ss_family != AF_INET && client->addr.ss_family != AF_INET6);
  if (local) return !IsWithin("127.0.0.1", items, count) && !IsWithin("::1", items, count);
  char host[NI_MAXHOST];
  if (pg_getnameinfo_all(&client->addr, client->salen, host, sizeof(host), nullptr, 0,
                         NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return true;
  }
  char* zone = strchr(host, '%');  // of a link-local address; inet has none
  if (zone != nullptr) *zone = '\0';
  return !IsWithin(host, items, count);
}

}  // namespace

void DefinePolicySettings() {
  DefineCustomStringVariable("gdpr.purpose", "What the session processes people's data for.",
                             "It counts only if gdpr.grant_purpose() granted it to the role.",
                             &purpose, "", PGC_USERSET, 0, nullptr, nullptr, nullptr);
  DefineCustomStringVariable("gdpr.app_user", "The application's user, recorded as claimed.",
                             nullptr, &app_user, "", PGC_USERSET, 0, nullptr, nullptr, nullptr);
  DefineCustomStringVariable("gdpr.tenant", "The tenant that the session works for.",
                             "It counts only if gdpr.grant_tenant() granted it to the role.",
                             &tenant, "", PGC_USERSET, 0, nullptr, nullptr, nullptr);
  DefineCustomEnumVariable("gdpr.no_purpose", "What a session meets that names no purpose.",
                           "An error, or nobody at all.", &no_purpose, kNoPurposeError,
                           kNoPurposeWords, PGC_USERSET, 0, nullptr, nullptr, nullptr);
  DefineCustomIntVariable("gdpr.policy_memory",
                          "Memory that one policy may use for the people it knows.",
                          "Beyond it, every row's person is looked up.", &policy_memory, 65536, 0,
                          MAX_KILOBYTES, PGC_USERSET, GUC_UNIT_KB, nullptr, nullptr, nullptr);
  DefineCustomStringVariable("gdpr.proof_retention",
                             "How long proofs of consent are kept after an erasure.",
                             "An interval such as \"3 years\".", &proof_retention, "3 years",
                             PGC_SUSET, 0, CheckProofRetention, nullptr, nullptr);
}

const char* SessionPurpose() {
  return purpose == nullptr ? "" : purpose;
}

const char* SessionTenant() {
  return tenant == nullptr ? "" : tenant;
}

bool IsTenantGranted(Oid user, Snapshot snapshot) {
  const char* name = SessionTenant();
  StateScan scan;
  BeginStateScan(scan, "tenant_grant", snapshot, name);
  AttrNumber column = StateColumn(scan.heap, "role");
  bool granted = false;
  while (!granted && NextState(scan)) {
    bool isnull;
    granted = HasRole(user, NameStr(*DatumGetName(slot_getattr(scan.slot, column, &isnull))));
  }
  EndStateScan(scan);
  return granted;
}

Session ReadSession(Oid user, Snapshot snapshot) {
  const char* name = SessionPurpose();
  Session session{user, Standing::kUnnamed, 0};
  if (name[0] == '\0') return session;
  Grant grant = ReadGrant(name, user, snapshot);
  session.bit = grant.bit;
  if (!grant.has_bit && !ReadBit(name, snapshot, &session.bit)) {
    session.standing = Standing::kUnknown;
  } else {
    session.standing = grant.granted ? Standing::kGranted : Standing::kNotGranted;
  }
  return session;
}

void RefuseSession(const Session& session) {
  const char* name = SessionPurpose();
  const char* role = GetUserNameFromId(session.user, true);
  switch (session.standing) {
    case Standing::kUnnamed:
      ereport(ERROR,
              (errcode(MAKE_SQLSTATE('P', 'D', '0', '0', '8')), errmsg("no purpose is named"),
               errdetail("People's data is processed for a purpose that the session names."),
               errhint("Run SET gdpr.purpose = '...', or for every session of the role: "
                       "ALTER ROLE %s SET gdpr.purpose = '...'.",
                       role == nullptr ? "..." : quote_identifier(role))));
      break;
    case Standing::kUnknown:
      ereport(ERROR,
              (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("purpose \"%s\" does not exist", name),
               errhint("The view gdpr.purposes lists them.")));
      break;
    default:
      ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                      errmsg("purpose \"%s\" is not granted to role \"%s\"", name,
                             role == nullptr ? "" : role),
                      errhint("Ask for SELECT gdpr.grant_purpose(...), or name another purpose.")));
  }
  pg_unreachable();
}

TypeSetting ReadTypeSetting(const char* subject_type, Snapshot snapshot) {
  TypeSetting setting{1, 1, false};  // nothing declared: administration only
  StateScan scan;
  BeginStateScan(scan, "consent_setting", snapshot, subject_type);
  if (NextState(scan)) {
    bool isnull;
    setting.default_allowed =
        DatumGetInt64(slot_getattr(scan.slot, StateColumn(scan.heap, "default_allowed"), &isnull));
    setting.default_changeable = DatumGetInt64(
        slot_getattr(scan.slot, StateColumn(scan.heap, "default_changeable"), &isnull));
    Datum networks = slot_getattr(scan.slot, StateColumn(scan.heap, "networks"), &isnull);
    if (!isnull) setting.outside = IsOutside(DatumGetArrayTypeP(networks));
  }
  EndStateScan(scan);
  return setting;
}

void RefuseNetwork(const char* subject_type) {
  ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                  errmsg("people of subject type \"%s\" are not processed from this network",
                         subject_type),
                  errhint("Connect from one of the networks that gdpr.protect() was given.")));
  pg_unreachable();
}

}  // namespace gdpr::pg
