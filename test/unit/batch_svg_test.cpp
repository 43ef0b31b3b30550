// SPDX-License-Identifier: PostgreSQL
// Plots: nobody's name is obeyed as markup, axes are round, values lie where they should.
#include <gtest/gtest.h>

#include <regex>

#include "batch/report/svg.hpp"

namespace gdpr::batch {
namespace {

Plot Example() {
  return {.id = "p",
          .title = "T",
          .description = "D",
          .labels = {"Jan", "Feb", "Mar"},
          .series = {{"accepted", "accepted", {10, 20, 30}}, {"rejected", "rejected", {0, 5, 10}}}};
}

std::size_t Occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

TEST(BatchSvg, MarkupIsShownNotObeyed) {
  EXPECT_EQ(Escape("<script>alert('1' & \"2\")</script>"),
            "&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)&lt;/script&gt;");
  EXPECT_EQ(Escape("a\tb\nc"), "a\tb\nc");
  EXPECT_EQ(Escape("é€😀"), "é€😀");
}

TEST(BatchSvg, WhatNoPageMayHoldIsReplaced) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(Escape(std::string_view("a\0b\x1b\x7f", 5)), "a" + mark + "b" + mark + mark);
  // Too long a form of "<", half a character, a surrogate, beyond Unicode: none becomes markup.
  EXPECT_EQ(Escape("\xC0\xBC"), mark + mark);
  EXPECT_EQ(Escape("\xE2\x82<b>"), mark + mark + "&lt;b&gt;");
  EXPECT_EQ(Escape("\xED\xA0\x80"), mark + mark + mark);
  EXPECT_EQ(Escape("\xF4\x90\x80\x80"), mark + mark + mark + mark);
  EXPECT_EQ(Escape("\xC3"), mark);
}

TEST(BatchSvg, TicksAreRoundAndReachTheLargest) {
  EXPECT_EQ(NiceTicks(0, 4), (std::vector<double>{0, 1}));
  EXPECT_EQ(NiceTicks(1, 4), (std::vector<double>{0, 1}));
  EXPECT_EQ(NiceTicks(40, 4), (std::vector<double>{0, 10, 20, 30, 40}));
  EXPECT_EQ(NiceTicks(41, 4), (std::vector<double>{0, 20, 40, 60}));
  for (const double max : {0.3, 3.0, 7.0, 99.0, 101.0, 123456.0, 9.9e8, 1e12}) {
    const auto ticks = NiceTicks(max, 4);
    EXPECT_GE(ticks.back(), max);
    EXPECT_LE(ticks.size(), 7u) << max;
  }
  EXPECT_EQ(NiceTicks(1.0 / 0.0, 4).size(), 2u);
}

TEST(BatchSvg, CountsAreShort) {
  EXPECT_EQ(ShortCount(0), "0");
  EXPECT_EQ(ShortCount(999), "999");
  EXPECT_EQ(ShortCount(1000), "1k");
  EXPECT_EQ(ShortCount(1250), "1.3k");
  EXPECT_EQ(ShortCount(34000), "34k");
  EXPECT_EQ(ShortCount(999999), "1M");
  EXPECT_EQ(ShortCount(5600000), "5.6M");
}

TEST(BatchSvg, AreasLieOnTopOfEachOther) {
  const std::string svg = StackedAreas(Example());
  EXPECT_EQ(Occurrences(svg, "<path"), 2u);
  EXPECT_NE(svg.find("class=\"area s-accepted\""), std::string::npos);
  // 40 is the top tick: what reaches it lies at the top of the plot, 14; 0 lies at 210 - 24.
  EXPECT_NE(
      svg.find("d=\"M44.0 143.0L247.0 100.0L450.0 57.0L450.0 186.0L247.0 186.0L44.0 186.0Z\""),
      std::string::npos)
      << svg;
  EXPECT_NE(svg.find("L450.0 14.0L450.0 57.0"), std::string::npos) << svg;
}

TEST(BatchSvg, BarsSayWhatTheyAre) {
  const std::string svg = StackedBars(Example());
  EXPECT_EQ(Occurrences(svg, "<rect"), 5u);  // nothing for 0
  EXPECT_NE(svg.find("<title>Mar, rejected: 10</title>"), std::string::npos) << svg;
  EXPECT_NE(svg.find(">40</text>"), std::string::npos) << svg;
}

TEST(BatchSvg, TheyCanBeReadWithoutSeeing) {
  for (const std::string& svg : {StackedAreas(Example()), StackedBars(Example())}) {
    EXPECT_NE(svg.find("role=\"img\" aria-labelledby=\"p-t p-d\""), std::string::npos);
    EXPECT_NE(svg.find("<title id=\"p-t\">T</title>"), std::string::npos);
    EXPECT_NE(svg.find("<desc id=\"p-d\">D</desc>"), std::string::npos);
  }
}

TEST(BatchSvg, NamesOfAnAttackerAreText) {
  Plot plot = Example();
  const std::string attack = "\"><script>alert(1)</script>";
  plot.title = plot.description = plot.series[0].name = plot.series[0].style = plot.labels[0] =
      attack;
  for (const std::string& svg : {StackedAreas(plot), StackedBars(plot)}) {
    EXPECT_EQ(svg.find("<script"), std::string::npos) << svg;
    EXPECT_NE(svg.find("&quot;&gt;&lt;script&gt;"), std::string::npos);
  }
}

TEST(BatchSvg, NothingAndOneAndVeryManyPointsAreDrawn) {
  Plot plot = Example();
  plot.labels.clear();
  EXPECT_NE(StackedAreas(plot).find("nothing to show yet"), std::string::npos);
  EXPECT_NE(StackedBars(Plot{}).find("nothing to show yet"), std::string::npos);
  for (const std::size_t count :
       {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{400}}) {
    plot.labels.assign(count, "22 Nov");
    plot.series = {{"a", "plain", std::vector<double>(count, 7)}};
    for (const std::string& svg : {StackedAreas(plot), StackedBars(plot)}) {
      EXPECT_EQ(svg.find("nan"), std::string::npos) << count;
      EXPECT_EQ(svg.find("inf"), std::string::npos) << count;
      const std::size_t labels = Occurrences(svg, ">22 Nov</text>");
      EXPECT_GE(labels, 1u) << count;
      EXPECT_LE(labels, 9u) << count;
    }
  }
  plot.series = {{"a", "plain", std::vector<double>(400, -3)}};
  EXPECT_EQ(StackedAreas(plot).find("-3"), std::string::npos)
      << "there are no fewer than no people";
}

}  // namespace
}  // namespace gdpr::batch
