// SPDX-License-Identifier: PostgreSQL
#include "fake_makers.hpp"

namespace gdpr::fake {

void Iban(const Call& call) {
  Words(call);
}
void Bic(const Call& call) {
  Words(call);
}
void BankAccount(const Call& call) {
  Words(call);
}
void AccountNumber(const Call& call) {
  Words(call);
}
void BankName(const Call& call) {
  Words(call);
}
void MandateRef(const Call& call) {
  Words(call);
}
void CardNumber(const Call& call) {
  Words(call);
}
void CardExpiry(const Call& call) {
  Words(call);
}
void Phone(const Call& call) {
  Words(call);
}

}  // namespace gdpr::fake
