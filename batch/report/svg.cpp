// SPDX-License-Identifier: PostgreSQL
#include "batch/report/svg.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace gdpr::batch {
namespace {

/// Room around the plot itself for the labels of the axes.
constexpr double kLeft = 44, kRight = 10, kTop = 14, kBottom = 24;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Bytes of the character that begins here, 0 if none does. Table 3-7 of the Unicode Standard.
std::size_t CharacterAt(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const auto follows = [&](std::size_t at, unsigned low = 0x80, unsigned high = 0xBF) {
    return at < text.size() && byte(at) >= low && byte(at) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80, high = first == 0xED ? 0x9F : 0xBF;
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80, high = first == 0xF4 ? 0x8F : 0xBF;
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

/// A tenth of a pixel is enough; no "-0".
std::string Number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.1f", std::round(value * 10) / 10 + 0.0);
  return text;
}

std::size_t CountOf(const Plot& plot) {
  std::size_t count = plot.labels.size();
  for (const Series& series : plot.series) count = std::min(count, series.values.size());
  return count;
}

double SumAt(const Plot& plot, std::size_t at) {
  double sum = 0;
  for (const Series& series : plot.series) sum += std::max(0.0, series.values[at]);
  return sum;
}

/// Where values come to lie, and the frame that says so.
class Canvas {
 public:
  Canvas(const Plot& plot, std::size_t count) : plot_(plot), count_(count) {
    double max = 0;
    for (std::size_t at = 0; at < count; ++at) max = std::max(max, SumAt(plot, at));
    ticks_ = NiceTicks(max, 4);
  }

  double left() const { return kLeft; }
  double right() const { return plot_.width - kRight; }
  double bottom() const { return plot_.height - kBottom; }
  double Y(double value) const { return bottom() - value / ticks_.back() * (bottom() - kTop); }

  std::string Open() const {
    const std::string id = Escape(plot_.id);
    return "<svg class=\"plot\" viewBox=\"0 0 " + std::to_string(plot_.width) + " " +
           std::to_string(plot_.height) + "\" role=\"img\" aria-labelledby=\"" + id + "-t " + id +
           "-d\">\n<title id=\"" + id + "-t\">" + Escape(plot_.title) + "</title>\n<desc id=\"" +
           id + "-d\">" + Escape(plot_.description) + "</desc>\n" + Grid();
  }

  /// Labels below the places where x says they belong: as many as do not touch, first and last too.
  template <typename X>
  std::string Labels(const X& x) const {
    std::size_t longest = 1;
    for (const std::string& label : plot_.labels) longest = std::max(longest, label.size());
    const double room = static_cast<double>(longest) * 6.2 + 14;
    const auto fit = std::max<std::size_t>(2, static_cast<std::size_t>((right() - left()) / room));
    const std::size_t step = std::max<std::size_t>(1, (count_ + fit - 2) / (fit > 1 ? fit - 1 : 1));
    std::string text;
    for (std::size_t back = 0; back < count_; back += step) {
      const std::size_t at = count_ - 1 - back;
      const bool last = at == count_ - 1 && x(at) > right() - room / 2;
      const bool first = x(at) < left() + room / 2;
      text += "<text class=\"tick\" x=\"" + Number(x(at)) + "\" y=\"" + Number(bottom() + 16) +
              "\" text-anchor=\"" + (last ? "end" : (first ? "start" : "middle")) + "\">" +
              Escape(plot_.labels[at]) + "</text>\n";
    }
    return text;
  }

 private:
  std::string Grid() const {
    std::string text;
    for (const double tick : ticks_) {
      const std::string y = Number(Y(tick));
      text += "<line class=\"" + std::string(tick == 0 ? "axis" : "grid") + "\" x1=\"" +
              Number(left()) + "\" x2=\"" + Number(right()) + "\" y1=\"" + y + "\" y2=\"" + y +
              "\"/>\n<text class=\"tick\" x=\"" + Number(left() - 6) + "\" y=\"" +
              Number(Y(tick) + 4) + "\" text-anchor=\"end\">" + ShortCount(tick) + "</text>\n";
    }
    return text;
  }

  const Plot& plot_;
  std::size_t count_;
  std::vector<double> ticks_;
};

std::string Empty(const Plot& plot) {
  return "<p class=\"empty\">" + Escape(plot.title) + ": nothing to show yet.</p>\n";
}

}  // namespace

std::string Escape(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = CharacterAt(text);
    const auto c = static_cast<unsigned char>(text.front());
    if (size == 0 || (c < 0x20 && c != '\t' && c != '\n') || c == 0x7F) {
      safe += kReplacement;
    } else if (c == '&') {
      safe += "&amp;";
    } else if (c == '<') {
      safe += "&lt;";
    } else if (c == '>') {
      safe += "&gt;";
    } else if (c == '"') {
      safe += "&quot;";
    } else if (c == '\'') {
      safe += "&#39;";
    } else {
      safe += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return safe;
}

std::vector<double> NiceTicks(double max, int about) {
  if (!(max > 0) || !std::isfinite(max)) return {0, 1};
  const double rough = max / std::max(1, about);
  const double magnitude = std::pow(10, std::floor(std::log10(rough)));
  const double part = rough / magnitude;
  double step = magnitude * (part <= 1 ? 1 : (part <= 2 ? 2 : (part <= 5 ? 5 : 10)));
  step = std::max(step, 1.0);  // people are whole
  std::vector<double> ticks;
  for (int i = 0; ticks.empty() || ticks.back() < max; ++i) ticks.push_back(step * i);
  return ticks;
}

std::string ShortCount(double count) {
  char text[40];
  const auto with = [&](double value, const char* unit) {
    value = std::round(value * 10) / 10;
    const bool whole = value >= 10 || value == std::floor(value);
    std::snprintf(text, sizeof text, whole ? "%.0f%s" : "%.1f%s", value, unit);
    return std::string(text);
  };
  if (count >= 999.5e3) return with(count / 1e6, "M");
  if (count >= 999.5) return with(count / 1e3, "k");
  return with(std::round(count), "");
}

std::string StackedAreas(const Plot& plot) {
  const std::size_t count = CountOf(plot);
  if (count == 0) return Empty(plot);
  const Canvas canvas(plot, count);
  const double step =
      count > 1 ? (canvas.right() - canvas.left()) / static_cast<double>(count - 1) : 0;
  const auto x = [&](std::size_t at) {
    return count > 1 ? canvas.left() + step * static_cast<double>(at) : canvas.right();
  };
  std::string text = canvas.Open();
  std::vector<double> below(count, 0);
  for (const Series& series : plot.series) {
    std::string upper, lower;
    for (std::size_t at = 0; at < count; ++at) {
      const double top = below[at] + std::max(0.0, series.values[at]);
      upper += (at == 0 ? "M" : "L") + Number(x(at)) + " " + Number(canvas.Y(top));
      lower = "L" + Number(x(at)) + " " + Number(canvas.Y(below[at])) + lower;
      below[at] = top;
    }
    text += "<path class=\"area s-" + Escape(series.style) + "\" d=\"" + upper + lower +
            "Z\"><title>" + Escape(series.name) + "</title></path>\n";
  }
  return text + canvas.Labels(x) + "</svg>\n";
}

std::string StackedBars(const Plot& plot) {
  const std::size_t count = CountOf(plot);
  if (count == 0) return Empty(plot);
  const Canvas canvas(plot, count);
  const double room = (canvas.right() - canvas.left()) / static_cast<double>(count);
  const double width = std::min(room * 0.72, 46.0);
  const auto x = [&](std::size_t at) {
    return canvas.left() + room * (static_cast<double>(at) + 0.5);
  };
  std::string text = canvas.Open();
  for (std::size_t at = 0; at < count; ++at) {
    double below = 0;
    for (const Series& series : plot.series) {
      const double value = std::max(0.0, series.values[at]);
      if (value == 0) continue;
      text += "<rect class=\"bar s-" + Escape(series.style) + "\" x=\"" +
              Number(x(at) - width / 2) + "\" y=\"" + Number(canvas.Y(below + value)) +
              "\" width=\"" + Number(width) + "\" height=\"" +
              Number(canvas.Y(below) - canvas.Y(below + value)) + "\"><title>" +
              Escape(plot.labels[at] + ", " + series.name + ": " + ShortCount(value)) +
              "</title></rect>\n";
      below += value;
    }
    if (below > 0 && room >= 26) {
      text += "<text class=\"value\" x=\"" + Number(x(at)) + "\" y=\"" +
              Number(canvas.Y(below) - 4) + "\" text-anchor=\"middle\">" + ShortCount(below) +
              "</text>\n";
    }
  }
  return text + canvas.Labels(x) + "</svg>\n";
}

}  // namespace gdpr::batch
