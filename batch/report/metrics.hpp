// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "batch/session/connection.hpp"

namespace gdpr::batch {

/// One sample of gdpr.metrics().
struct Metric {
  std::string name, type, help;
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
};

/// Prometheus' text format 0.0.4: HELP and TYPE once above the samples of a name.
/// in  metrics  those of one name stand together
std::string PrometheusText(const std::vector<Metric>& metrics);

/// Writes gdpr.metrics() for the textfile collector of node_exporter, which must never see a part
/// of it. throws  Fault, SqlError
void WriteMetrics(Connection& connection, const std::string& path);

}  // namespace gdpr::batch
