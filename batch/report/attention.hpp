// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <map>
#include <string>
#include <vector>

#include "batch/session/rows.hpp"

namespace gdpr::batch {

/// The sections of a report by their names (batch/report.cpp).
using ReportData = std::map<std::string, Rows>;

/// The rows of a section; none where it is not there.
const Rows& SectionOf(const ReportData& data, const std::string& name);

/// What a data protection officer should know before anything else.
struct Attention {
  enum class Level { kNow, kLook };
  Level level = Level::kLook;
  std::string text;  ///< a sentence, plain text
  std::string hint;  ///< what to do; may be empty
};

/// Everything that needs somebody, the urgent first; empty: nothing does. Pure.
std::vector<Attention> FindAttention(const ReportData& data);

/// The sentence above all others.
std::string Headline(const std::vector<Attention>& attention);

}  // namespace gdpr::batch
