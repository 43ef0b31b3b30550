// SPDX-License-Identifier: PostgreSQL
#include "batch/report/metrics.hpp"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "batch/output/out_file.hpp"
#include "batch/queries.hpp"

namespace gdpr::batch {
namespace {

/// In help a quotation mark stays what it is, in the value of a label it does not.
std::string Escaped(const std::string& text, bool label) {
  std::string result;
  for (const char c : text) {
    if (c == '\\') {
      result += "\\\\";
    } else if (c == '\n') {
      result += "\\n";
    } else if (c == '"' && label) {
      result += "\\\"";
    } else {
      result.push_back(c);
    }
  }
  return result;
}

std::string NumberText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

}  // namespace

std::string PrometheusText(const std::vector<Metric>& metrics) {
  std::string text;
  const std::string* name = nullptr;
  for (const Metric& metric : metrics) {
    if (name == nullptr || *name != metric.name) {
      text += "# HELP " + metric.name + " " + Escaped(metric.help, false) + "\n";
      text += "# TYPE " + metric.name + " " + metric.type + "\n";
      name = &metric.name;
    }
    text += metric.name;
    char before = '{';
    for (const auto& [label, value] : metric.labels) {
      text += before + label + "=\"" + Escaped(value, true) + "\"";
      before = ',';
    }
    text += (metric.labels.empty() ? " " : "} ") + NumberText(metric.value) + "\n";
  }
  return text;
}

void WriteMetrics(Connection& connection, const std::string& path) {
  const Result rows = connection.Execute(query::kMetrics);
  std::vector<Metric> metrics;
  for (int row = 0; row < rows.rows(); ++row) {
    Metric metric{std::string(rows.Text(row, 0)),
                  std::string(rows.Text(row, 1)),
                  std::string(rows.Text(row, 2)),
                  {},
                  rows.Double(row, 4)};
    const auto labels = nlohmann::json::parse(rows.Text(row, 3));
    for (const auto& [label, value] : labels.items()) {
      metric.labels.emplace_back(label, value.is_null() ? "" : value.get<std::string>());
    }
    metrics.push_back(std::move(metric));
  }
  OutFile file(path);
  file.Write(PrometheusText(metrics));
  file.Commit();
}

}  // namespace gdpr::batch
