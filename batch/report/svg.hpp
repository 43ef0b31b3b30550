// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gdpr::batch {

/// Text for HTML and SVG, in elements and in quoted attributes: markup is shown, not obeyed. What
/// no page may hold (control characters, bytes that are not UTF-8) becomes U+FFFD.
std::string Escape(std::string_view text);

/// Round numbers from 0 up to at least max, about as many as asked for; {0, 1} where there is
/// nothing. As Heckbert, "Nice numbers for graph labels", Graphics Gems (1990): steps of 1, 2 or 5.
std::vector<double> NiceTicks(double max, int about);

/// "950", "1.2k", "34k", "5.6M"
std::string ShortCount(double count);

/// One line of a plot. Its colour is the page's: class "s-" + style.
struct Series {
  std::string name, style;
  std::vector<double> values;
};

/// A plot without scripts: one SVG element with a title and a description for those who cannot see
/// it. Names and labels may be anybody's: they are escaped.
struct Plot {
  std::string id;  ///< of our own making, unique in the page
  std::string title, description;
  std::vector<std::string> labels;  ///< along the x axis; as many as each series has values
  std::vector<Series> series;       ///< stacked, the first at the bottom
  int width = 460, height = 210;
};

/// Areas on top of each other: how many of what there were in the course of time.
std::string StackedAreas(const Plot& plot);

/// Bars for single months or days, with their numbers where there is room.
std::string StackedBars(const Plot& plot);

}  // namespace gdpr::batch
