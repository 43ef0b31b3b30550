// SPDX-License-Identifier: PostgreSQL
#include "batch/run/bisect.hpp"

#include "batch/session/retry.hpp"

namespace gdpr::batch {
namespace {

bool Isolates(const SqlError& error, bool patient) {
  return !error.poisons_connection() &&
         (BlamesPerson(error.sqlstate()) || (patient && IsTransient(error.sqlstate())));
}

bool MayPassNextTime(const SqlError& error) {
  return error.sqlstate() == "23505" || IsTransient(error.sqlstate());
}

int WorkRange(SliceSteps& steps, int first, int last, bool patient, int tries) {
  steps.Savepoint();
  try {
    steps.Work(first, last);
    steps.ReleaseSavepoint();
    return 0;
  } catch (const SqlError& error) {
    if (!Isolates(error, patient)) throw;
    steps.RollbackToSavepoint();
    if (first == last && (!MayPassNextTime(error) || tries + 1 >= kTriesPerPerson)) {
      steps.Fail(first, error);
      return 1;
    }
  }
  if (first == last) return WorkRange(steps, first, last, patient, tries + 1);
  const int middle = first + (last - first) / 2;
  return WorkRange(steps, first, middle, patient, 0) +
         WorkRange(steps, middle + 1, last, patient, 0);
}

}  // namespace

int WorkIsolating(SliceSteps& steps, int first, int last, bool patient) {
  return last < first ? 0 : WorkRange(steps, first, last, patient, 0);
}

}  // namespace gdpr::batch
