// SPDX-License-Identifier: PostgreSQL
// When gdpr-batch waits and in which hours it works: limits, windows past midnight, nights of 23
// and 25 hours. Without a database.
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "batch/output/exit_code.hpp"
#include "batch/output/fault.hpp"
#include "batch/run/manners.hpp"

namespace gdpr::batch {
namespace {

/// Paris, whose clocks went forward on 2026-03-29 at 2:00 and back on 2026-10-25 at 3:00; by its rule,
/// which needs no database of zones.
class BatchWindow : public ::testing::Test {
 protected:
  void SetUp() override { Zone("CET-1CEST,M3.5.0,M10.5.0/3"); }
  void TearDown() override {
    unsetenv("TZ");
    tzset();
  }
  static void Zone(const char* name) {
    setenv("TZ", name, 1);
    tzset();
  }
  /// UTC, so that the zone under test is not asked.
  static std::time_t Utc(int year, int month, int day, int hour, int minute) {
    std::tm tm{};
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    tm.tm_hour = hour;
    tm.tm_min = minute;
    return timegm(&tm);
  }
};

TEST_F(BatchWindow, OnlyTwoTimesOfDayAreAWindow) {
  for (const char* text : {"22:00-05:00", "0:00-24:00", "9:30-17:45", "00:00-23:59"}) {
    EXPECT_TRUE(Window::Parse(text)) << text;
  }
  for (const char* text :
       {"", "-", "22:00", "22:00-", "22-5", "22:00-5:0", "25:00-05:00", "22:60-05:00",
        "24:00-05:00", "24:01-05:00", "22:00-22:00", "22:00 - 05:00", "-1:00-05:00",
        "22:00-05:00-06:00", "aa:bb-cc:dd", "22:00-05:00x", "222:00-05:00", "22.00-05.00"}) {
    EXPECT_FALSE(Window::Parse(text)) << text;
  }
  EXPECT_EQ(Window::Parse("9:05-24:00")->ToText(), "09:05-24:00");
}

TEST_F(BatchWindow, ItGoesPastMidnight) {
  const Window night = *Window::Parse("22:00-05:00");
  EXPECT_FALSE(night.Contains(Utc(2026, 1, 10, 20, 59)));  // 21:59
  EXPECT_TRUE(night.Contains(Utc(2026, 1, 10, 21, 0)));
  EXPECT_TRUE(night.Contains(Utc(2026, 1, 10, 23, 0)));  // midnight
  EXPECT_TRUE(night.Contains(Utc(2026, 1, 11, 3, 59)));
  EXPECT_FALSE(night.Contains(Utc(2026, 1, 11, 4, 0)));  // 5:00 is out
  const Window day = *Window::Parse("9:00-17:30");
  EXPECT_FALSE(day.Contains(Utc(2026, 1, 10, 7, 59)));
  EXPECT_TRUE(day.Contains(Utc(2026, 1, 10, 8, 0)));
  EXPECT_FALSE(day.Contains(Utc(2026, 1, 10, 16, 30)));
  const Window always = *Window::Parse("00:00-24:00");
  for (int minute = 0; minute < 24 * 60; ++minute) {
    EXPECT_TRUE(always.Contains(Utc(2026, 1, 10, 0, minute)));
  }
}

TEST_F(BatchWindow, ItSaysWhenItOpens) {
  const Window night = *Window::Parse("22:00-05:00");
  EXPECT_EQ(night.NextOpening(Utc(2026, 1, 10, 4, 0)), Utc(2026, 1, 10, 21, 0));
  EXPECT_EQ(night.NextOpening(Utc(2026, 1, 10, 4, 0) + 59), Utc(2026, 1, 10, 21, 0));
  EXPECT_EQ(night.NextOpening(Utc(2026, 1, 10, 22, 0)), Utc(2026, 1, 10, 22, 0));
  EXPECT_EQ(FormatMinute(night.NextOpening(Utc(2026, 1, 10, 4, 0))), "2026-01-10 22:00");
  const Window morning = *Window::Parse("00:00-05:00");
  EXPECT_EQ(morning.NextOpening(Utc(2026, 1, 10, 4, 0)), Utc(2026, 1, 10, 23, 0));
}

TEST_F(BatchWindow, TheNightClocksGoForwardIsAnHourShorter) {
  const Window night = *Window::Parse("22:00-05:00");
  int minutes = 0;
  for (int minute = 0; minute < 24 * 60; ++minute) {
    minutes += night.Contains(Utc(2026, 3, 28, 12, minute)) ? 1 : 0;
  }
  EXPECT_EQ(minutes, 6 * 60);
  EXPECT_EQ(night.NextOpening(Utc(2026, 3, 29, 3, 0)), Utc(2026, 3, 29, 20, 0));  // 5:00 to 22:00
  // 2:10 to 2:50 does not happen that night: it opens in the next.
  EXPECT_EQ(Window::Parse("02:10-02:50")->NextOpening(Utc(2026, 3, 28, 12, 0)),
            Utc(2026, 3, 30, 0, 10));
}

TEST_F(BatchWindow, TheNightClocksGoBackIsAnHourLonger) {
  const Window night = *Window::Parse("22:00-05:00");
  int minutes = 0;
  for (int minute = 0; minute < 24 * 60; ++minute) {
    minutes += night.Contains(Utc(2026, 10, 24, 12, minute)) ? 1 : 0;
  }
  EXPECT_EQ(minutes, 8 * 60);
  const Window twice = *Window::Parse("02:10-02:50");  // happens twice
  EXPECT_TRUE(twice.Contains(Utc(2026, 10, 25, 0, 20)));
  EXPECT_FALSE(twice.Contains(Utc(2026, 10, 25, 0, 55)));
  EXPECT_TRUE(twice.Contains(Utc(2026, 10, 25, 1, 20)));
}

TEST_F(BatchWindow, OutsideOfItAVerbEndsAtOnceAndSaysWhenItOpens) {
  EXPECT_NO_THROW(RequireOpenWindow(std::nullopt));
  EXPECT_NO_THROW(RequireOpenWindow(Window::Parse("00:00-24:00")));
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  const int minute = local.tm_hour * 60 + local.tm_min;
  const Window later{(minute + 120) % 1440, (minute + 180) % 1440};
  try {
    RequireOpenWindow(later);
    FAIL() << later.ToText();
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.code(), ExitCode::kStopped);
    EXPECT_NE(fault.detail().find("It opens at 20"), std::string::npos) << fault.detail();
  }
}

TEST(BatchManners, LagIsATimeOrASize) {
  EXPECT_EQ(LagLimit::Parse("10s")->seconds, 10.0);
  EXPECT_EQ(LagLimit::Parse("500ms")->seconds, 0.5);
  EXPECT_EQ(LagLimit::Parse("2min")->seconds, 120.0);
  EXPECT_EQ(LagLimit::Parse("1.5 h")->seconds, 5400.0);
  EXPECT_EQ(LagLimit::Parse("64MB")->bytes, 64 << 20);
  EXPECT_EQ(LagLimit::Parse("512kB")->bytes, 512 << 10);
  EXPECT_FALSE(LagLimit::Parse("64MB")->seconds);
  for (const char* off : {"0", "0s", "0MB"}) {
    EXPECT_FALSE(LagLimit::Parse(off)->seconds || LagLimit::Parse(off)->bytes) << off;
  }
  for (const char* text : {"", "s", "10", "-1s", "10 seconds", "10S", "64mb", "1e3s", "nans",
                           "infs", "10s ", "10s5", "99999999999s", "0x10s"}) {
    EXPECT_FALSE(LagLimit::Parse(text)) << text;
  }
}

TEST(BatchManners, TheReasonSaysWhatIsMeasuredAndTheLimit) {
  MannersOptions limits;
  limits.max_lag = *LagLimit::Parse("10s");
  EXPECT_EQ(WhyWait({.standbys = {{"a", 12.0, 5}}, .lock_waits = 0, .active = 0}, limits),
            "replication lag 12 s of standby a above 10 s");
  limits.max_lag = *LagLimit::Parse("64MB");
  EXPECT_EQ(WhyWait({.standbys = {{"b", 999.0, 80 << 20}}, .lock_waits = 0, .active = 0}, limits),
            "replication lag 80 MB of standby b above 64 MB");
  EXPECT_EQ(WhyWait({.standbys = {}, .lock_waits = 11, .active = 0}, limits),
            "11 sessions wait for locks, above 10");
  EXPECT_EQ(WhyWait({.standbys = {}, .lock_waits = 0, .active = 1101}, limits),
            "1,101 sessions are active, above 100");
}

TEST(BatchManners, ALimitIsExceededOnlyAboveIt) {
  MannersOptions limits;
  limits.max_lag = *LagLimit::Parse("10s");
  EXPECT_EQ(WhyWait({.standbys = {{"a", 10.0, 1 << 30}}, .lock_waits = 10, .active = 100}, limits),
            "");
  limits.ignored_standbys = {"late"};
  EXPECT_EQ(WhyWait({.standbys = {{"late", 3600.0, 1}}, .lock_waits = 0, .active = 0}, limits), "");
  EXPECT_NE(
      WhyWait({.standbys = {{"late", 3600.0, 1}, {"a", 11.0, 1}}, .lock_waits = 0, .active = 0},
              limits),
      "");
}

TEST(BatchManners, ZeroIsNoLimit) {
  MannersOptions limits;
  limits.max_lag = *LagLimit::Parse("0");
  limits.max_lock_waits = limits.max_active = 0;
  EXPECT_FALSE(limits.ask_server());
  EXPECT_EQ(
      WhyWait({.standbys = {{"a", 1e9, 1LL << 50}}, .lock_waits = 9999, .active = 9999}, limits),
      "");
}

}  // namespace
}  // namespace gdpr::batch
