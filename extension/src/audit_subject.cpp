// SPDX-License-Identifier: PostgreSQL
#include "extension/src/audit_subject.hpp"

namespace gdpr::pg {

Subjects* ReadSubjects(Relation, MemoryContext) {
  return nullptr;
}

SubjectSearch* BeginSubjects(Subjects*, Relation, MemoryContext) {
  return nullptr;
}

int FindPeople(SubjectSearch*, TupleTableSlot*, TupleTableSlot*, Person** people) {
  *people = nullptr;
  return 0;
}

}  // namespace gdpr::pg
