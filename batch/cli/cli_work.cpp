// SPDX-License-Identifier: PostgreSQL
#include <CLI/CLI.hpp>
#include <algorithm>
#include <thread>

#include "batch/cli/cli_manners.hpp"
#include "batch/cli/cli_verbs.hpp"

namespace gdpr::batch {

void AddWork(CLI::App& verb, Options& o) {
  verb.add_option("--jobs", o.jobs, "Connections that work at once [one for each core, at most 8]")
      ->envname("PG_GDPR_JOBS")
      ->check(CLI::Range(1, 128));
  verb.add_option("--chunk-rows", o.chunk_rows,
                  "People in one chunk: the most that one transaction does")
      ->envname("PG_GDPR_CHUNK_ROWS")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  verb.add_option("--chunk-seconds", o.chunk_seconds,
                  "What a transaction should take: a slice of a chunk is made to fit it")
      ->envname("PG_GDPR_CHUNK_SECONDS")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  verb.add_option("--max-failed", o.max_failed, "Stop the run when more people fail")
      ->envname("PG_GDPR_MAX_FAILED")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  AddManners(verb, o.manners);
}

CLI::Option* AddResume(CLI::App& verb, Raw& raw) {
  return verb
      .add_option("--resume", raw.resume, "Go on with an unfinished run: its number, or the newest")
      ->expected(0, 1)
      ->type_name("[RUN]");
}

std::string CheckResume(Options& o, const Raw& raw, const CLI::App& verb) {
  o.resume = verb.get_option("--resume")->count() > 0;
  if (raw.resume.empty()) return {};
  std::int64_t run = 0;
  if (!CLI::detail::lexical_cast(raw.resume, run) || run < 1)
    return "--resume takes the number of a run";
  o.run = run;
  return {};
}

void SetJobs(Options& o) {
  if (o.jobs == 0) o.jobs = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 8);
}

}  // namespace gdpr::batch
