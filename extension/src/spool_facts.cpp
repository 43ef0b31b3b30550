// SPDX-License-Identifier: PostgreSQL
// Who reads. Asked for each statement that reads an audited relation, so what was found is kept,
// and found again by roles and by digests of what the session claims.
#include "extension/src/audit_session.hpp"
#include "extension/src/purpose.hpp"
#include "extension/src/spool.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr int kKept = 4;  // sessions change to and fro between roles in SECURITY DEFINER functions

struct FactsKey {
  Oid session_role;
  Oid acting_role;
  uint64 purpose;
  uint64 app_user;
  uint64 application;

  bool operator==(const FactsKey&) const = default;
};

struct Kept {
  FactsKey key;
  AccessFacts* facts;  // NULL: free
};

Kept kept[kKept];
int next_kept = 0;
uint64 seed = 0;  // nobody can look for two claims of one digest

uint64 DigestOf(const char* claim) {
  if (claim == nullptr || claim[0] == '\0') return 0;
  return hash_bytes_extended(reinterpret_cast<const unsigned char*>(claim),
                             static_cast<int>(strlen(claim)), seed);
}

const char* AppUser() {
  static config_string* setting = nullptr;  // its record stays where it is
  if (setting == nullptr) {
    setting = reinterpret_cast<config_string*>(FindSetting("gdpr.app_user"));
  }
  return setting == nullptr ? nullptr : *setting->variable;
}

// A role has got another name.
void Forget(Datum, int, uint32) {
  for (Kept& one : kept) {
    if (one.facts != nullptr) ReleaseFacts(one.facts);
    one.facts = nullptr;
  }
}

void Begin() {
  static bool begun = false;
  if (begun) return;
  CacheRegisterSyscacheCallback(AUTHOID, Forget, 0);
  (void)pg_strong_random(&seed, sizeof(seed));
  begun = true;
}

// One block holds the facts and their texts.
struct Block {
  char* at;
  Size size;
};

const char* Keep(Block& block, const char* text) {
  if (text == nullptr || text[0] == '\0') return nullptr;
  Size size = strlen(text) + 1;
  char* place = block.at + block.size;
  block.size += size;
  if (block.at == nullptr) return nullptr;  // only measured
  memcpy(place, text, size);
  return place;
}

void Fill(AccessFacts* facts, Block& block, const SessionFacts& session, const char* const* texts) {
  facts->session_role = Keep(block, NameStr(session.session_role));
  facts->acting_role = Keep(block, NameStr(session.acting_role));
  facts->purpose = Keep(block, texts[0]);
  facts->app_user = Keep(block, texts[1]);
  facts->client_address = Keep(block, texts[2]);
  facts->application = Keep(block, texts[3]);
}

AccessFacts* MakeFacts() {
  MemoryContext work =
      AllocSetContextCreate(CurrentMemoryContext, "facts of a read", ALLOCSET_SMALL_SIZES);
  MemoryContext old = MemoryContextSwitchTo(work);
  SessionFacts session = ReadSessionFacts();
  auto text = [](struct varlena* value) -> const char* {
    return value == nullptr ? nullptr : text_to_cstring(value);
  };
  const char* texts[] = {
      text(session.purpose), text(session.app_user),
      session.client_address == nullptr
          ? nullptr
          : DatumGetCString(DirectFunctionCall1(inet_out, InetPGetDatum(session.client_address))),
      application_name};
  AccessFacts measured{};
  Block block{nullptr, 0};
  Fill(&measured, block, session, texts);
  auto* facts = static_cast<AccessFacts*>(
      MemoryContextAllocZero(TopMemoryContext, sizeof(AccessFacts) + block.size));
  block = {reinterpret_cast<char*>(facts + 1), 0};
  Fill(facts, block, session, texts);
  MemoryContextSwitchTo(old);
  MemoryContextDelete(work);
  return facts;
}

}  // namespace

AccessFacts* HoldFacts() {
  Begin();
  FactsKey key{GetSessionUserId(), ActingRole(), DigestOf(SessionPurpose()), DigestOf(AppUser()),
               DigestOf(application_name)};
  for (Kept& one : kept) {
    if (one.facts == nullptr || one.key != key) continue;
    one.facts->holders++;
    return one.facts;
  }
  AccessFacts* facts = MakeFacts();
  Kept& place = kept[next_kept++ % kKept];
  if (place.facts != nullptr) ReleaseFacts(place.facts);
  place = {key, facts};
  facts->holders = 2;  // who asked, and we
  return facts;
}

void ReleaseFacts(AccessFacts* facts) {
  if (--facts->holders == 0) pfree(facts);
}

}  // namespace gdpr::pg
