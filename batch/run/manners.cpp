// SPDX-License-Identifier: PostgreSQL
#include "batch/run/manners.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <thread>

#include "batch/output/log.hpp"
#include "batch/output/progress.hpp"
#include "batch/queries.hpp"

namespace gdpr::batch {
namespace {

/// How often the server is asked, and how soon a signal is noticed while waiting.
constexpr std::chrono::milliseconds kAskAgain{1000};
constexpr std::chrono::milliseconds kLook{100};

struct Unit {
  std::string_view name;
  double factor;
};
// As postgresql.conf writes them.
constexpr Unit kTimes[] = {{"ms", 0.001}, {"s", 1}, {"min", 60}, {"h", 3600}};
constexpr Unit kSizes[] = {
    {"B", 1}, {"kB", 1024}, {"MB", 1024.0 * 1024}, {"GB", 1024.0 * 1024 * 1024}};

template <std::size_t N>
const Unit* Find(const Unit (&units)[N], std::string_view name) {
  const auto* const found = std::ranges::find(units, name, &Unit::name);
  return found == std::end(units) ? nullptr : found;
}

/// "12", "0.5", "1.25": no more digits than say something.
std::string Short(double number) {
  char text[40];
  std::snprintf(text, sizeof text, number < 10 ? "%.3g" : "%.0f", number);
  return text;
}

std::string TimeText(double seconds) {
  return Short(seconds) + " s";
}

std::string SizeText(std::int64_t bytes) {
  const Unit* unit = kSizes;
  for (const Unit& larger : kSizes) {
    if (static_cast<double>(bytes) >= larger.factor) unit = &larger;
  }
  return Short(static_cast<double>(bytes) / unit->factor) + " " + std::string(unit->name);
}

Pressure Read(const Result& result) {
  Pressure pressure;
  for (int row = 0; row < result.rows(); ++row) {
    pressure.lock_waits = static_cast<int>(result.Int(row, 3));
    pressure.active = static_cast<int>(result.Int(row, 4));
    if (result.IsNull(row, 0)) continue;
    pressure.standbys.push_back(
        {std::string(result.Text(row, 0)), result.Double(row, 1), result.Int(row, 2)});
  }
  return pressure;
}

std::string LagReason(const Pressure& pressure, const MannersOptions& limits) {
  for (const Pressure::Standby& standby : pressure.standbys) {
    if (std::ranges::count(limits.ignored_standbys, standby.name) > 0) continue;
    const LagLimit& max = limits.max_lag;
    const std::string of = " of standby " + (standby.name.empty() ? "-" : standby.name);
    if (max.seconds && standby.seconds > *max.seconds) {
      return "replication lag " + TimeText(standby.seconds) + of + " above " + max.ToText();
    }
    if (max.bytes && standby.bytes > *max.bytes) {
      return "replication lag " + SizeText(standby.bytes) + of + " above " + max.ToText();
    }
  }
  return {};
}

}  // namespace

std::optional<LagLimit> LagLimit::Parse(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc() || !(number >= 0 && number <= 1e9)) return std::nullopt;  // nor nan
  std::string_view name(rest, static_cast<std::size_t>(end - rest));
  while (name.starts_with(' ')) name.remove_prefix(1);
  if (number == 0 && name.empty()) return LagLimit{};
  const Unit* const time = Find(kTimes, name);
  const Unit* const size = Find(kSizes, name);
  if (time == nullptr && size == nullptr) return std::nullopt;
  if (number == 0) return LagLimit{};
  if (time != nullptr) return LagLimit{.seconds = number * time->factor, .bytes = std::nullopt};
  return LagLimit{.seconds = std::nullopt,
                  .bytes = static_cast<std::int64_t>(std::llround(number * size->factor))};
}

std::string LagLimit::ToText() const {
  if (seconds) return TimeText(*seconds);
  return bytes ? SizeText(*bytes) : "no limit";
}

std::string WhyWait(const Pressure& pressure, const MannersOptions& limits) {
  std::string reason = LagReason(pressure, limits);
  if (!reason.empty()) return reason;
  if (limits.max_lock_waits > 0 && pressure.lock_waits > limits.max_lock_waits) {
    return FormatCount(pressure.lock_waits) + " sessions wait for locks, above " +
           FormatCount(limits.max_lock_waits);
  }
  if (limits.max_active > 0 && pressure.active > limits.max_active) {
    return FormatCount(pressure.active) + " sessions are active, above " +
           FormatCount(limits.max_active);
  }
  return {};
}

Manners::Manners(const ConnectionSettings& settings, const MannersOptions& options,
                 std::optional<std::int64_t> run, Signals& signals, bool terminal)
    : settings_(settings), options_(options), run_(run), signals_(signals), terminal_(terminal) {
  Say({});  // what a process that was killed while it waited has left
}

Manners::~Manners() {
  signals_.Forget(this);
}

bool Manners::WindowIsClosed() const {
  return options_.window && !options_.window->Contains(std::time(nullptr));
}

bool Manners::MayGoOn() {
  if (WindowIsClosed()) {
    if (!stopped_by_window_) {
      Log(Level::kInfo, "window_closed", {{"window", options_.window->ToText()}});
    }
    stopped_by_window_ = true;
    return false;
  }
  if (!options_.ask_server() || Clock::now() - asked_ < kAskAgain) return true;
  std::string reason = Ask();
  return reason.empty() || WaitWhile(std::move(reason));
}

/// The reason to wait, empty if there is none.
std::string Manners::Ask() {
  asked_ = Clock::now();
  try {
    if (!connection_) {
      connection_.emplace(settings_);
      signals_.Watch(this, connection_->canceller());
    }
    std::string reason = WhyWait(Read(connection_->Execute(query::kRunPressure)), options_);
    warned_ = false;
    return reason;
  } catch (const SqlError& error) {
    if (error.poisons_connection()) connection_.reset();
    if (!warned_)
      Log(Level::kWarning, "pressure_unknown",
          {{"sqlstate", error.sqlstate()}, {"reason", error.what()}});
    warned_ = true;
    return {};
  }
}

/// For gdpr.runs: why it waits; empty: it does not.
void Manners::Say(const std::string& reason) {
  if (!run_) return;
  try {
    if (!connection_) {
      connection_.emplace(settings_);
      signals_.Watch(this, connection_->canceller());
    }
    connection_->Execute(query::kRunWaiting,
                         {*run_, reason.empty() ? Param(nullptr) : Param(reason)});
  } catch (const SqlError& error) {
    if (error.poisons_connection()) connection_.reset();
    Log(Level::kDebug, "not_said", {{"sqlstate", error.sqlstate()}});
  }
}

void Manners::ShowWaiting(const std::string& reason, Clock::time_point since) const {
  if (!terminal_) return;
  const double seconds = std::chrono::duration<double>(Clock::now() - since).count();
  SetStatusLine("waiting " + FormatSeconds(seconds) + ": " + reason);
}

bool Manners::WaitWhile(std::string reason) {
  const auto since = Clock::now();
  Log(Level::kWarning, "paused", {{"run", run_.value_or(0)}, {"reason", reason}});
  Say(reason);
  bool go_on = true;
  while (go_on && !reason.empty()) {
    ShowWaiting(reason, since);
    std::this_thread::sleep_for(kLook);
    go_on = !signals_.stop_requested() && !WindowIsClosed();
    if (!go_on || Clock::now() - asked_ < kAskAgain) continue;
    const std::string before = std::exchange(reason, Ask());
    if (!reason.empty() && reason != before) Say(reason);
  }
  Say({});
  if (terminal_) SetStatusLine({});
  if (!go_on) return signals_.stop_requested() ? false : MayGoOn();
  Log(Level::kInfo, "resumed",
      {{"run", run_.value_or(0)},
       {"seconds",
        std::round(10 * std::chrono::duration<double>(Clock::now() - since).count()) / 10}});
  return true;
}

}  // namespace gdpr::batch
