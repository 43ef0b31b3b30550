// SPDX-License-Identifier: PostgreSQL
#include "batch/output/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "batch/output/log.hpp"
#include "batch/run/worker.hpp"

namespace gdpr::batch {
namespace {

constexpr std::chrono::seconds kRateWindow{15};
constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::seconds kPlainLine{5};

int TerminalWidth() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

std::string FormatSeconds(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e7) return "-";
  const auto total = static_cast<std::int64_t>(seconds + 0.5);
  char text[32];
  if (total >= 3600) {
    std::snprintf(text, sizeof text, "%d:%02d:%02d", static_cast<int>(total / 3600),
                  static_cast<int>(total / 60 % 60), static_cast<int>(total % 60));
  } else {
    std::snprintf(text, sizeof text, "%d:%02d", static_cast<int>(total / 60),
                  static_cast<int>(total % 60));
  }
  return text;
}

std::string FormatCount(std::int64_t count) {
  std::string text = std::to_string(count);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), ",");
  }
  return text;
}

Progress::Progress(std::int64_t run, std::int64_t people, std::int64_t done, bool terminal)
    : run_(run), people_(people), done_(done), terminal_(terminal) {
  const auto now = Clock::now();
  history_.emplace_back(now, done_);
  if (terminal_) {
    Show(now);
  } else {
    shown_ = now;
  }
}

Progress::~Progress() {
  Close();
}

void Progress::Close() {
  if (terminal_) SetStatusLine({});
  terminal_ = false;
}

void Progress::Add(const Outcome& outcome) {
  done_ += outcome.people;
  changed_ += outcome.changed;
  failed_ += outcome.failed;
  left_out_ += outcome.people - outcome.changed - outcome.failed;
  const auto now = Clock::now();
  history_.emplace_back(now, done_);
  Log(Level::kDebug, "chunk",
      {{"run", run_},
       {"chunk", outcome.chunk},
       {"people", outcome.people},
       {"changed", outcome.changed},
       {"failed", outcome.failed},
       {"rows", outcome.rows},
       {"tries", outcome.tries},
       {"ms", static_cast<std::int64_t>(outcome.seconds * 1000)}});
  const auto pause = terminal_ ? std::chrono::milliseconds(kRedraw) : kPlainLine;
  if (now - shown_ >= pause || (terminal_ && done_ >= people_)) Show(now);
}

double Progress::Rate(Clock::time_point now) {
  while (history_.size() > 2 && now - history_.front().first > kRateWindow) history_.pop_front();
  const double seconds = std::chrono::duration<double>(now - history_.front().first).count();
  return seconds > 0 ? static_cast<double>(done_ - history_.front().second) / seconds : 0;
}

void Progress::Show(Clock::time_point now) {
  shown_ = now;
  const double rate = Rate(now);
  if (terminal_) {
    SetStatusLine(Bar(TerminalWidth() - 1, rate));
    return;
  }
  const double left = rate > 0 ? static_cast<double>(people_ - done_) / rate : INFINITY;
  Log(Level::kInfo, "progress",
      {{"run", run_},
       {"done", done_},
       {"people", people_},
       {"changed", changed_},
       {"left_out", left_out_},
       {"failed", failed_},
       {"per_second", static_cast<std::int64_t>(rate)},
       {"left", FormatSeconds(left)}});
}

std::string Progress::Bar(int width, double people_per_second) const {
  const double part =
      people_ > 0 ? std::min(1.0, static_cast<double>(done_) / static_cast<double>(people_)) : 1.0;
  const double left = people_per_second > 0
                          ? static_cast<double>(people_ - done_) / people_per_second
                          : (done_ >= people_ ? 0 : INFINITY);
  std::string facts = FormatCount(done_) + " of " + FormatCount(people_) + " people";
  if (left_out_ > 0) facts += ", " + FormatCount(left_out_) + " left out";
  if (failed_ > 0) facts += ", " + FormatCount(failed_) + " failed";
  facts += "  " + FormatCount(static_cast<std::int64_t>(people_per_second)) + "/s  " +
           FormatSeconds(left) + " left";
  char percent[8];
  std::snprintf(percent, sizeof percent, "%3d %%", static_cast<int>(part * 100));
  const int room = width - static_cast<int>(facts.size()) - 12;
  std::string bar;
  if (room >= 10) {
    const int size = std::min(room, 50);
    const int full = static_cast<int>(part * size);
    bar = " [" + std::string(static_cast<std::size_t>(full), '=') + (full < size ? ">" : "") +
          std::string(static_cast<std::size_t>(std::max(0, size - full - 1)), ' ') + "]";
  }
  std::string text = percent + bar + "  " + facts;
  if (width > 0 && static_cast<int>(text.size()) > width)
    text.resize(static_cast<std::size_t>(width));
  return text;
}

}  // namespace gdpr::batch
