// SPDX-License-Identifier: PostgreSQL
#include "extension/src/audit_session.hpp"

#include "extension/src/door.hpp"
#include "extension/src/owner.hpp"
#include "extension/src/purpose.hpp"
#include "extension/src/state_scan.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr int kLongestClaim = 1000;  // of what applications say; the log has an index on it

// What is no text in the database's encoding could be dumped, and never be restored.
bool IsText(const char* bytes, int size) {
  return pg_verify_mbstr(GetDatabaseEncoding(), bytes, size, true);
}

// Roles are the cluster's: a name may have been given in another encoding.
void SetRole(NameData* name, Oid role) {
  char* found = GetUserNameFromId(role, true);
  bool known = found != nullptr && IsText(found, static_cast<int>(strlen(found)));
  namestrcpy(name, known ? found : psprintf("%u", role));
}

// What a session may claim is any bytes at all: startup options are not looked at. As hex digits
// where they are no text.
text* Claim(const char* value) {
  if (value == nullptr || value[0] == '\0') return nullptr;
  int size = static_cast<int>(strlen(value));
  if (IsText(value, size)) {
    return cstring_to_text_with_len(value, pg_mbcliplen(value, size, kLongestClaim));
  }
  int shown = Min(size, kLongestClaim / 2 - 1);
  char* hex = static_cast<char*>(palloc(2 * shown + 2));
  memcpy(hex, "\\x", 2);
  hex_encode(value, shown, hex + 2);
  return cstring_to_text_with_len(hex, 2 * shown + 2);
}

inet* ReadClientAddress() {
  if (MyProcPort == nullptr || MyBEEntry == nullptr) return nullptr;
  const SockAddr* client = &MyBEEntry->st_clientaddr;
  if (client->addr.ss_family != AF_INET && client->addr.ss_family != AF_INET6) return nullptr;
  char host[NI_MAXHOST];
  if (pg_getnameinfo_all(&client->addr, client->salen, host, sizeof(host), nullptr, 0,
                         NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return nullptr;
  }
  char* zone = strchr(host, '%');  // of a link-local address; inet has none
  if (zone != nullptr) *zone = '\0';
  MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
  inet* address = DatumGetInetP(DirectFunctionCall1(inet_in, CStringGetDatum(host)));
  MemoryContextSwitchTo(old);
  return address;
}

}  // namespace

// The role in force. A foreign key's action runs as the table's owner, but what it changed is audited at the
// end of the statement that set it off. Behind functions of ours it is not their owner who acts.
Oid ActingRole() {
  Oid user = GetUserId();
  if (user != StateOwner()) return user;
  Oid caller = DoorCaller(CurrentScope());
  return OidIsValid(caller) ? caller : GetOuterUserId();
}

SessionFacts ReadSessionFacts() {
  static bool address_known = false;
  static inet* address = nullptr;
  if (!address_known) address = ReadClientAddress();
  address_known = true;
  SessionFacts facts{};
  SetRole(&facts.session_role, GetSessionUserId());
  SetRole(&facts.acting_role, ActingRole());
  facts.purpose = Claim(SessionPurpose());
  facts.app_user = Claim(GetConfigOption("gdpr.app_user", true, false));
  facts.client_address = address;
  return facts;
}

bool EngineIsOpen() {
  for (const OwnerScope* scope = CurrentScope(); scope != nullptr; scope = scope->outer) {
    if (scope->engine) return true;
  }
  return false;
}

}  // namespace gdpr::pg
