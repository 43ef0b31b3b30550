// SPDX-License-Identifier: PostgreSQL
#include "fake_makers.hpp"

namespace gdpr::fake {

void NationalId(const Call& call) {
  Words(call);
}
void Passport(const Call& call) {
  Words(call);
}
void TaxId(const Call& call) {
  Words(call);
}
void VatId(const Call& call) {
  Words(call);
}
void DriverLicence(const Call& call) {
  Words(call);
}
void HealthId(const Call& call) {
  Words(call);
}
void CompanyRegistration(const Call& call) {
  Words(call);
}
void LicencePlate(const Call& call) {
  Words(call);
}
void PostalCode(const Call& call) {
  Words(call);
}
void Ip(const Call& call) {
  Words(call);
}
void Mac(const Call& call) {
  Words(call);
}
void UserAgent(const Call& call) {
  Words(call);
}
void DeviceId(const Call& call) {
  Words(call);
}
void ExternalId(const Call& call) {
  Words(call);
}

}  // namespace gdpr::fake
