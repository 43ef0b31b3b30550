// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "batch/output/log.hpp"
#include "batch/output/progress.hpp"

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

CopyProgress::CopyProgress(std::int64_t rows, int tables, bool terminal)
    : estimate_(rows), tables_(tables), terminal_(terminal) {
  history_.emplace_back(shown_, 0);
}

CopyProgress::~CopyProgress() {
  if (terminal_) SetStatusLine({});
}

void CopyProgress::Add(std::int64_t rows, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  rows_ += rows;
  bytes_ += static_cast<std::int64_t>(bytes);
  const auto now = Clock::now();
  if (now - shown_ >= (terminal_ ? std::chrono::milliseconds(kRedraw) : kPlainLine)) Show(now);
}

void CopyProgress::AddTable() {
  const std::lock_guard lock(mutex_);
  ++tables_done_;
}

double CopyProgress::Rate(Clock::time_point now) {
  history_.emplace_back(now, rows_);
  while (history_.size() > 2 && now - history_.front().first > kRateWindow) history_.pop_front();
  const double seconds = std::chrono::duration<double>(now - history_.front().first).count();
  return seconds > 0 ? static_cast<double>(rows_ - history_.front().second) / seconds : 0;
}

void CopyProgress::Show(Clock::time_point now) {
  shown_ = now;
  const double rate = Rate(now);
  if (terminal_) {
    SetStatusLine(Bar(TerminalWidth() - 1, rate));
    return;
  }
  const double left = rate > 0 ? static_cast<double>(estimate_ - rows_) / rate : INFINITY;
  Log(Level::kInfo, "progress",
      {{"tables", tables_done_},
       {"of", tables_},
       {"rows", rows_},
       {"about", estimate_},
       {"mb", bytes_ >> 20},
       {"per_second", static_cast<std::int64_t>(rate)},
       {"left", FormatSeconds(left)}});
}

std::string CopyProgress::Bar(int width, double rows_per_second) const {
  // An estimate may be wrong: there is no 100 % before the end.
  const std::int64_t most = std::max(estimate_, rows_ + 1);
  const double part = static_cast<double>(rows_) / static_cast<double>(most);
  std::string text = FormatCount(rows_) + " rows, " + FormatCount(tables_done_) + " of " +
                     FormatCount(tables_) + " tables  " +
                     FormatCount(static_cast<std::int64_t>(rows_per_second)) + "/s";
  if (rows_per_second > 0) {
    text += "  " + FormatSeconds(static_cast<double>(most - rows_) / rows_per_second) + " left";
  }
  std::string bar = std::to_string(static_cast<int>(part * 100));
  bar.insert(0, 3 - std::min<std::size_t>(3, bar.size()), ' ');
  bar += " %";
  const int room = std::min(50, width - static_cast<int>(text.size()) - 11);
  if (room >= 10) {
    const int full = static_cast<int>(part * room);
    bar += " [" + std::string(static_cast<std::size_t>(full), '=') + ">" +
           std::string(static_cast<std::size_t>(std::max(0, room - full - 1)), ' ') + "]";
  }
  text = bar + "  " + text;
  if (width > 0 && text.size() > static_cast<std::size_t>(width)) {
    text.resize(static_cast<std::size_t>(width));
  }
  return text;
}

}  // namespace gdpr::batch
