// SPDX-License-Identifier: PostgreSQL
#include "fake_makers.hpp"

namespace gdpr::fake {

void FirstName(const Call& call) {
  Words(call);
}
void MiddleName(const Call& call) {
  Words(call);
}
void LastName(const Call& call) {
  Words(call);
}
void FullName(const Call& call) {
  Words(call);
}
void Title(const Call& call) {
  Words(call);
}
void Gender(const Call& call) {
  Words(call);
}
void BirthPlace(const Call& call) {
  Words(call);
}
void Nationality(const Call& call) {
  Words(call);
}
void MaritalStatus(const Call& call) {
  Words(call);
}
void Email(const Call& call) {
  Words(call);
}
void Username(const Call& call) {
  Words(call);
}
void Url(const Call& call) {
  Words(call);
}
void SocialHandle(const Call& call) {
  Words(call);
}
void Street(const Call& call) {
  Words(call);
}
void StreetNumber(const Call& call) {
  Words(call);
}
void AddressLine(const Call& call) {
  Words(call);
}
void City(const Call& call) {
  Words(call);
}
void Region(const Call& call) {
  Words(call);
}
void Country(const Call& call) {
  Words(call);
}
void PoBox(const Call& call) {
  Words(call);
}
void Company(const Call& call) {
  Words(call);
}
void JobTitle(const Call& call) {
  Words(call);
}
void FreeText(const Call& call) {
  Words(call);
}
void FileName(const Call& call) {
  Words(call);
}
void SearchCopy(const Call& call) {
  Words(call);
}
void Health(const Call& call) {
  Words(call);
}
void Religion(const Call& call) {
  Words(call);
}
void Ethnicity(const Call& call) {
  Words(call);
}
void Politics(const Call& call) {
  Words(call);
}
void Union(const Call& call) {
  Words(call);
}
void Sexuality(const Call& call) {
  Words(call);
}
void Criminal(const Call& call) {
  Words(call);
}
Identity IdentityOf(const Call&) {
  return {"Alex", "Example", false};
}

}  // namespace gdpr::fake
