// SPDX-License-Identifier: PostgreSQL
#include "extension/src/drain_names.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {

// Everything met in a batch, by a first byte that says what it is and the bytes of it.
struct DrainNames {
  MemoryContext context;
  HTAB* known;
};

namespace {

constexpr int kInetBytes = 16;
constexpr int kLongestClaim = 1000;

struct Bytes {
  char* data;
  Size length;
};

struct Known {
  Bytes bytes;
  int64 number;
};

enum class What : char { kActor = 'a', kPlace = 'p', kPerson = 'k', kDigests = 'd', kClaims = 'c' };

uint32 HashBytes(const void* key, Size) {
  const auto* bytes = static_cast<const Bytes*>(key);
  return hash_bytes(reinterpret_cast<const unsigned char*>(bytes->data),
                    static_cast<int>(bytes->length));
}

int CompareBytes(const void* a, const void* b, Size) {
  const auto* left = static_cast<const Bytes*>(a);
  const auto* right = static_cast<const Bytes*>(b);
  if (left->length != right->length) return 1;
  return memcmp(left->data, right->data, left->length);
}

void AddByte(StringInfo buffer, char byte) {
  appendStringInfoCharMacro(buffer, byte);
}

void AddBytes(StringInfo buffer, std::string_view bytes) {
  auto length = static_cast<uint32>(bytes.size());
  appendBinaryStringInfo(buffer, reinterpret_cast<const char*>(&length), sizeof(length));
  appendBinaryStringInfo(buffer, bytes.data(), static_cast<int>(bytes.size()));
}

void AddMaybe(StringInfo buffer, const MaybeText& bytes) {
  AddByte(buffer, bytes ? 1 : 0);
  AddBytes(buffer, bytes.value_or(std::string_view{}));
}

// The same on every machine that a dump may come to.
int64 HashOf(const StringInfoData& buffer) {
  return static_cast<int64>(
      hash_bytes_extended(reinterpret_cast<const unsigned char*>(buffer.data), buffer.len, 0));
}

// What is known of it, made if need be; number -1: nothing yet.
Known* Find(DrainNames* names, const StringInfoData& buffer) {
  Bytes key{buffer.data, static_cast<Size>(buffer.len)};
  auto* known = static_cast<Known*>(hash_search(names->known, &key, HASH_FIND, nullptr));
  if (known != nullptr) return known;
  key.data = static_cast<char*>(MemoryContextAlloc(names->context, key.length + 1));
  memcpy(key.data, buffer.data, key.length);
  known = static_cast<Known*>(hash_search(names->known, &key, HASH_ENTER, nullptr));
  known->number = -1;
  return known;
}

// The first column of the only row, or -1.
int64 Answer() {
  int64 number = -1;
  if (SPI_processed > 0) {
    bool isnull;
    Datum value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
    number = isnull ? -1 : DatumGetInt64(value);
  }
  SPI_freetuptable(SPI_tuptable);
  return number;
}

bool Fits(std::string_view name) {
  return name.size() < NAMEDATALEN && memchr(name.data(), '\0', name.size()) == nullptr &&
         pg_verify_mbstr(GetDatabaseEncoding(), name.data(), static_cast<int>(name.size()), true);
}

Datum NameOf(std::string_view name) {
  auto* copy = static_cast<NameData*>(palloc0(sizeof(NameData)));
  memcpy(NameStr(*copy), name.data(), name.size());
  return NameGetDatum(copy);
}

// What a session claims may be longer than an index takes.
MaybeText Clipped(const MaybeText& text) {
  if (!text || text->size() <= kLongestClaim) return text;
  int length = pg_mbcliplen(text->data(), static_cast<int>(text->size()), kLongestClaim);
  return text->substr(0, static_cast<size_t>(length));
}

// Values of a query, some of them NULL.
struct Values {
  Datum values[14];
  char nulls[15];
  int count;

  void Add(Datum value) {
    nulls[count] = ' ';
    values[count++] = value;
  }
  void AddText(const MaybeText& bytes) {
    text* value = bytes ? ServerText(*bytes) : nullptr;
    nulls[count] = value == nullptr ? 'n' : ' ';
    values[count++] = PointerGetDatum(value);
  }
};

// An address, or NULL where the text is none.
Datum InetOf(const MaybeText& bytes, bool* isnull) {
  *isnull = true;
  if (!bytes || bytes->size() > INET6_ADDRSTRLEN + 4) return 0;
  char address[INET6_ADDRSTRLEN + 5] = {};
  memcpy(address, bytes->data(), bytes->size());
  unsigned char parsed[kInetBytes];
  int family = strchr(address, ':') != nullptr ? PGSQL_AF_INET6 : PGSQL_AF_INET;
  if (pg_inet_net_pton(family, address, parsed, static_cast<size_t>(-1)) < 0) return 0;
  *isnull = false;
  return DirectFunctionCall1(inet_in, CStringGetDatum(address));
}

DrainQuery find_actor = {
    // By the hash, whatever the planner believes of the other columns
    "SELECT a.actor::bigint FROM (SELECT f.* FROM gdpr_internal.access_actor AS f WHERE f.facts = "
    "$7"
    " OFFSET 0) AS a WHERE a.session_role = $1 AND "
    "a.acting_role = $2 AND a.purpose IS NOT DISTINCT FROM $3 AND a.app_user IS NOT DISTINCT FROM "
    "$4"
    " AND a.client_address IS NOT DISTINCT FROM $5 AND a.application IS NOT DISTINCT FROM $6 LIMIT "
    "1",
    7,
    {NAMEOID, NAMEOID, TEXTOID, TEXTOID, INETOID, TEXTOID, INT8OID},
    SPI_OK_SELECT,
    nullptr};

DrainQuery add_actor = {
    "INSERT INTO gdpr_internal.access_actor AS a (session_role, acting_role, purpose, app_user,"
    " client_address, application, last_used, facts) VALUES ($1, $2, $3, $4, $5, $6, now(), $7)"
    " RETURNING a.actor::bigint",
    7,
    {NAMEOID, NAMEOID, TEXTOID, TEXTOID, INETOID, TEXTOID, INT8OID},
    SPI_OK_INSERT_RETURNING,
    nullptr};

DrainQuery use_actor = {
    "UPDATE gdpr_internal.access_actor AS a SET last_used = now() WHERE a.actor = $1"
    " AND a.last_used < date_trunc('month', now(), 'UTC')",
    1,
    {INT8OID},
    SPI_OK_UPDATE,
    nullptr};

DrainQuery find_place = {
    "SELECT p.place::bigint FROM (SELECT f.* FROM gdpr_internal.access_place AS f WHERE f.facts = "
    "$7"
    " OFFSET 0) AS p WHERE p.relation_schema = $1 AND "
    "p.relation_name = $2 AND p.columns = $3 AND p.subject_type IS NOT DISTINCT FROM $4 AND"
    " p.link IS NOT DISTINCT FROM $5 AND p.native = $6 LIMIT 1",
    7,
    {NAMEOID, NAMEOID, NAMEARRAYOID, TEXTOID, INT4OID, BOOLOID, INT8OID},
    SPI_OK_SELECT,
    nullptr};

DrainQuery add_place = {
    "INSERT INTO gdpr_internal.access_place AS p (relation_schema, relation_name, columns,"
    " subject_type, link, native, facts) VALUES ($1, $2, $3, $4, $5, $6, $7)"
    " RETURNING p.place::bigint",
    7,
    {NAMEOID, NAMEOID, NAMEARRAYOID, TEXTOID, INT4OID, BOOLOID, INT8OID},
    SPI_OK_INSERT_RETURNING,
    nullptr};

DrainQuery find_person = {
    "SELECT p.person FROM gdpr_internal.access_person AS p WHERE p.subject_type = $1 AND"
    " p.subject_key = $2",
    2,
    {TEXTOID, TEXTOID},
    SPI_OK_SELECT,
    nullptr};

// The digest may be known
DrainQuery add_person = {
    "WITH k AS (SELECT CASE WHEN $5 THEN gdpr_internal.access_key($1, $2, $3, $4) ELSE $2 END AS "
    "key),"
    " n AS (INSERT INTO gdpr_internal.access_person AS p (subject_type, subject_key)"
    " SELECT $1, k.key FROM k ON CONFLICT DO NOTHING RETURNING p.person)"
    " SELECT n.person FROM n UNION ALL SELECT p.person FROM k JOIN gdpr_internal.access_person AS p"
    " ON p.subject_type = $1 AND p.subject_key = k.key LIMIT 1",
    5,
    {TEXTOID, TEXTOID, TIMESTAMPTZOID, BOOLOID, BOOLOID},
    SPI_OK_SELECT,
    nullptr};

DrainQuery find_digests = {
    "SELECT gdpr_internal.access_digests($1)::int::bigint", 1, {TEXTOID}, SPI_OK_SELECT, nullptr};

DrainQuery is_digest = {"SELECT (gdpr_internal.access_key($1, $2, $3, $4) <> $2)::int::bigint",
                        4,
                        {TEXTOID, TEXTOID, TIMESTAMPTZOID, BOOLOID},
                        SPI_OK_SELECT,
                        nullptr};

DrainQuery find_claims = {"SELECT EXISTS (SELECT FROM gdpr_internal.access_erased)::int::bigint",
                          0,
                          {},
                          SPI_OK_SELECT,
                          nullptr};

DrainQuery is_claim = {"SELECT gdpr_internal.is_erased_claim($1, $2)::int::bigint",
                       2,
                       {TEXTOID, TIMESTAMPTZOID},
                       SPI_OK_SELECT,
                       nullptr};

DrainQuery forget_claims = {
    "DELETE FROM gdpr_internal.access_erased AS e WHERE e.erased_at < now() - interval '1 day'",
    0,
    {},
    SPI_OK_DELETE,
    nullptr};

bool IsErasedClaim(const MaybeText& app_user, TimestampTz at) {
  text* claim = app_user ? ServerText(*app_user) : nullptr;
  if (claim == nullptr) return false;
  Datum values[] = {PointerGetDatum(claim), TimestampTzGetDatum(at)};
  RunDrainQuery(is_claim, values, nullptr);
  return Answer() == 1;
}

int64 InternActor(const FactsFrame& facts, int64 hash) {
  if (!Fits(facts.session_role) || !Fits(facts.acting_role)) return 0;
  Values values{};
  values.Add(NameOf(facts.session_role));
  values.Add(NameOf(facts.acting_role));
  values.AddText(facts.purpose);
  values.AddText(Clipped(facts.app_user));
  bool isnull;
  values.Add(InetOf(facts.client_address, &isnull));
  if (isnull) values.nulls[values.count - 1] = 'n';
  values.AddText(facts.application);
  values.Add(Int64GetDatum(hash));
  RunDrainQuery(find_actor, values.values, values.nulls);
  int64 number = Answer();
  if (number >= 0) {
    Datum actor = Int64GetDatum(number);
    RunDrainQuery(use_actor, &actor, nullptr);
    return number;
  }
  RunDrainQuery(add_actor, values.values, values.nulls);
  return Answer();
}

int64 InternPlace(const PlaceFrame& place, bool native, int64 hash) {
  bool fits = Fits(place.schema) && Fits(place.name);
  auto* names = static_cast<Datum*>(palloc(sizeof(Datum) * (place.column_count + 1)));
  int count = 0;
  NameReader reader(place);
  for (std::string_view name; fits && reader.Next(name);) {
    fits = Fits(name);
    if (fits) names[count++] = NameOf(name);
  }
  if (!fits) return 0;
  Values values{};
  values.Add(NameOf(place.schema));
  values.Add(NameOf(place.name));
  values.Add(
      PointerGetDatum(construct_array(names, count, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR)));
  values.AddText(place.subject_type);
  values.Add(Int32GetDatum(static_cast<int32>(place.link)));
  if (place.link == 0) values.nulls[values.count - 1] = 'n';
  values.Add(BoolGetDatum(native));
  values.Add(Int64GetDatum(hash));
  RunDrainQuery(find_place, values.values, values.nulls);
  int64 number = Answer();
  if (number >= 0) return number;
  RunDrainQuery(add_place, values.values, values.nulls);
  return Answer();
}

int64 InternPerson(DrainNames* names, std::string_view subject_type, std::string_view key,
                   TimestampTz at, bool engine) {
  text* type_text = ServerText(subject_type);
  text* key_text = ServerText(key);
  if (type_text == nullptr || key_text == nullptr) return 0;
  Datum values[] = {PointerGetDatum(type_text), PointerGetDatum(key_text), TimestampTzGetDatum(at),
                    BoolGetDatum(engine), 0};
  RunDrainQuery(find_person, values, nullptr);
  int64 number = Answer();
  if (number >= 0) return number;
  values[4] = BoolGetDatum(HasDigests(names, subject_type));
  RunDrainQuery(add_person, values, nullptr);
  return Answer();
}

template <class Ask>
int64 Once(DrainNames* names, StringInfoData& buffer, Ask ask) {
  Known* known = Find(names, buffer);
  if (known->number < 0) known->number = Max(ask(), 0);
  pfree(buffer.data);
  return known->number;
}

}  // namespace

text* ServerText(std::string_view bytes) {
  if (bytes.size() > MaxAllocSize / 2 ||
      !pg_verify_mbstr(GetDatabaseEncoding(), bytes.data(), static_cast<int>(bytes.size()), true)) {
    return nullptr;
  }
  return cstring_to_text_with_len(bytes.data(), static_cast<int>(bytes.size()));
}

void RunDrainQuery(DrainQuery& query, Datum* values, const char* nulls) {
  if (query.plan == nullptr) {
    SPIPlanPtr plan = SPI_prepare(query.text, query.count, query.types);
    if (plan == nullptr) elog(ERROR, "could not prepare: %s", SPI_result_code_string(SPI_result));
    SPI_keepplan(plan);
    query.plan = plan;
  }
  int code = SPI_execute_plan(query.plan, values, nulls, false, 0);
  if (code != query.expected) elog(ERROR, "statement failed: %s", SPI_result_code_string(code));
}

DrainNames* BeginNames(MemoryContext batch) {
  auto* names = static_cast<DrainNames*>(MemoryContextAllocZero(batch, sizeof(DrainNames)));
  names->context = batch;
  HASHCTL control{};
  control.keysize = sizeof(Bytes);
  control.entrysize = sizeof(Known);
  control.hash = HashBytes;
  control.match = CompareBytes;
  control.hcxt = batch;
  names->known = hash_create("pg_gdpr names of reads", 256, &control,
                             HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
  return names;
}

bool ClaimsLeft(DrainNames* names) {
  StringInfoData buffer;
  initStringInfo(&buffer);
  AddByte(&buffer, static_cast<char>(What::kClaims));
  return Once(names, buffer, [&]() -> int64 {
           RunDrainQuery(find_claims, nullptr, nullptr);
           return Answer();
         }) != 0;
}

void ForgetClaims() {
  RunDrainQuery(forget_claims, nullptr, nullptr);
}

int32 ActorOf(DrainNames* names, const FactsFrame& met, TimestampTz at) {
  FactsFrame facts = met;
  if (facts.app_user && ClaimsLeft(names) && IsErasedClaim(facts.app_user, at)) {
    facts.app_user.reset();
    facts.client_address.reset();
  }
  StringInfoData buffer;
  initStringInfo(&buffer);
  AddByte(&buffer, static_cast<char>(What::kActor));
  AddBytes(&buffer, facts.session_role);
  AddBytes(&buffer, facts.acting_role);
  AddMaybe(&buffer, facts.purpose);
  AddMaybe(&buffer, facts.app_user);
  AddMaybe(&buffer, facts.client_address);
  AddMaybe(&buffer, facts.application);
  return static_cast<int32>(
      Once(names, buffer, [&] { return InternActor(facts, HashOf(buffer)); }));
}

int32 PlaceOf(DrainNames* names, const PlaceFrame& place, bool native) {
  StringInfoData buffer;
  initStringInfo(&buffer);
  AddByte(&buffer, static_cast<char>(What::kPlace));
  AddByte(&buffer, native ? 1 : 0);
  AddBytes(&buffer, place.schema);
  AddBytes(&buffer, place.name);
  AddBytes(&buffer, place.columns);
  AddMaybe(&buffer, place.subject_type);
  AddBytes(&buffer, {reinterpret_cast<const char*>(&place.link), sizeof(place.link)});
  return static_cast<int32>(
      Once(names, buffer, [&] { return InternPlace(place, native, HashOf(buffer)); }));
}

int64 PersonOf(DrainNames* names, std::string_view subject_type, std::string_view key,
               TimestampTz at, bool engine) {
  StringInfoData buffer;
  initStringInfo(&buffer);
  AddByte(&buffer, static_cast<char>(What::kPerson));
  AddBytes(&buffer, subject_type);
  AddBytes(&buffer, key);
  return Once(names, buffer, [&] { return InternPerson(names, subject_type, key, at, engine); });
}

bool HasDigests(DrainNames* names, std::string_view subject_type) {
  StringInfoData buffer;
  initStringInfo(&buffer);
  AddByte(&buffer, static_cast<char>(What::kDigests));
  AddBytes(&buffer, subject_type);
  return Once(names, buffer, [&]() -> int64 {
           text* type = ServerText(subject_type);
           if (type == nullptr) return 0;
           Datum value = PointerGetDatum(type);
           RunDrainQuery(find_digests, &value, nullptr);
           return Answer();
         }) != 0;
}

int64 DigestOf(DrainNames* names, std::string_view subject_type, int64 key, TimestampTz at,
               bool engine) {
  char written[MAXINT8LEN + 1];
  int length = pg_lltoa(key, written);
  text* type = ServerText(subject_type);
  Datum values[] = {PointerGetDatum(type),
                    PointerGetDatum(cstring_to_text_with_len(written, length)),
                    TimestampTzGetDatum(at), BoolGetDatum(engine)};
  RunDrainQuery(is_digest, values, nullptr);
  if (Answer() != 1) return 0;
  return PersonOf(names, subject_type, {written, static_cast<size_t>(length)}, at, engine);
}

}  // namespace gdpr::pg
