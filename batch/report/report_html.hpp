// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>

#include "batch/report/attention.hpp"

namespace gdpr::batch {

/// The report as one page that needs nothing else: styles and plots are in it, scripts are not.
/// Counts only; whatever somebody named (tables, purposes, reasons) is escaped. Pure.
std::string ReportPage(const ReportData& data);

/// Its styles: light and dark, on screen and on paper.
std::string_view ReportStyle();

}  // namespace gdpr::batch
