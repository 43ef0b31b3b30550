// SPDX-License-Identifier: PostgreSQL
#include "fake_makers.hpp"

namespace gdpr::fake {

void BirthDate(const Call& call) {
  Words(call);
}
void Age(const Call& call) {
  Words(call);
}
void Salary(const Call& call) {
  Words(call);
}
void Geo(const Call& call) {
  Words(call);
}
void ProfileJson(const Call& call) {
  Words(call);
}
void ProfileXml(const Call& call) {
  Words(call);
}
void Typed(const treat::Call& call, const Keying&) {
  call.result.state = Result::State::kValue;
}

}  // namespace gdpr::fake
