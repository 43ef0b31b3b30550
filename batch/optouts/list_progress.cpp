// SPDX-License-Identifier: PostgreSQL
#include "batch/optouts/list_progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "batch/optouts/optout_sender.hpp"
#include "batch/output/log.hpp"
#include "batch/output/progress.hpp"

namespace gdpr::batch {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::seconds kPlainLine{5};

int TerminalWidth() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

double PartOf(std::int64_t done, std::int64_t bytes) {
  return bytes > 0 ? std::min(1.0, static_cast<double>(done) / static_cast<double>(bytes)) : 1.0;
}

}  // namespace

ListProgress::ListProgress(std::int64_t run, std::optional<std::int64_t> bytes, bool terminal)
    : run_(run), bytes_(bytes), terminal_(terminal) {}

ListProgress::~ListProgress() {
  if (terminal_) SetStatusLine({});
}

std::string ListProgress::Bar(int width, std::int64_t done, std::optional<std::int64_t> bytes,
                              const OptoutCounts& counts, std::int64_t rejected, double seconds) {
  const std::int64_t lines = counts.values() + rejected;
  std::string text = FormatCount(lines) + " lines, " + FormatCount(counts.people) + " people";
  if (rejected > 0) text += ", " + FormatCount(rejected) + " rejected";
  if (seconds > 0) {
    text +=
        "  " + FormatCount(static_cast<std::int64_t>(static_cast<double>(lines) / seconds)) + "/s";
  }
  if (bytes) {
    const double part = PartOf(done, *bytes);
    if (part > 0) text += "  " + FormatSeconds(seconds / part - seconds) + " left";
    std::string percent = std::to_string(static_cast<int>(part * 100));
    percent.insert(0, 3 - std::min<std::size_t>(3, percent.size()), ' ');
    percent += " %";
    const int room = std::min(50, width - static_cast<int>(text.size()) - 11);
    if (room >= 10) {
      const int full = static_cast<int>(part * room);
      percent += " [" + std::string(static_cast<std::size_t>(full), '=') +
                 (full < room ? ">" : "") +
                 std::string(static_cast<std::size_t>(std::max(0, room - full - 1)), ' ') + "]";
    }
    text = percent + "  " + text;
  }
  if (width > 0 && text.size() > static_cast<std::size_t>(width)) {
    text.resize(static_cast<std::size_t>(width));
  }
  return text;
}

void ListProgress::Show(std::int64_t bytes, const OptoutCounts& counts, std::int64_t rejected) {
  const auto now = Clock::now();
  if (now - shown_ < (terminal_ ? std::chrono::milliseconds(kRedraw) : kPlainLine)) return;
  shown_ = now;
  const double seconds = std::chrono::duration<double>(now - begun_).count();
  if (terminal_) {
    SetStatusLine(Bar(TerminalWidth() - 1, bytes, bytes_, counts, rejected, seconds));
    return;
  }
  const std::int64_t lines = counts.values() + rejected;
  const double part = bytes_ ? PartOf(bytes, *bytes_) : 0;
  Log(Level::kInfo, "progress",
      {{"run", run_},
       {"lines", lines},
       {"people", counts.people},
       {"rejected", rejected},
       {"per_second", static_cast<std::int64_t>(static_cast<double>(lines) / seconds)},
       {"percent", static_cast<std::int64_t>(part * 100)},
       {"left", part > 0 ? FormatSeconds(seconds / part - seconds) : std::string()}});
}

}  // namespace gdpr::batch
