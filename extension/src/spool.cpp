// SPDX-License-Identifier: PostgreSQL
#include "extension/src/spool.hpp"

#include "extension/src/spool_files.hpp"
#include "extension/src/spool_settings.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {

bool SpoolReady() {
  return false;
}
int64 NextRead(TimestampTz) {
  return 0;
}
AccessFacts* HoldFacts() {
  return nullptr;
}
void ReleaseFacts(AccessFacts*) {}
FrameWriter* SpoolBegin() {
  return nullptr;
}
uint32 SpoolFacts(AccessFacts*) {
  return 0;
}
uint32 SpoolPlace(AccessPlace*) {
  return 0;
}
uint64 SpoolCounter() {
  return 0;
}
bool SpoolWrite(SpoolMode, int) {
  return false;
}
void SpoolCountLost(bool) {}
void SpoolTellLost() {}
void PublishStatement(int64, uint64) {}
bool LeaderStatement(uint64, int64*) {
  return false;
}

}  // namespace gdpr::pg
