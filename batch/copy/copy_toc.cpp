// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_toc.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <sstream>

namespace gdpr::batch {
namespace {

/// Reads a number at the beginning of the text and takes it off.
template <typename T>
bool TakeNumber(std::string_view& text, T& number) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

/// What no copy has. A comment on an extension is for its owner to make, and says nothing of ours;
/// a user mapping holds a password, and leads to where production's data is; an event trigger runs
/// for whoever changes the copy's schema, and only a superuser may make it; statistics are samples
/// of values.
bool IsNeverCopied(const TocEntry& entry) {
  constexpr std::array<std::string_view, 4> kNever = {"COMMENT - EXTENSION ", "USER MAPPING - ",
                                                      "EVENT TRIGGER - ", "STATISTICS DATA "};
  return std::ranges::any_of(
      kNever, [&](std::string_view beginning) { return entry.text.starts_with(beginning); });
}

}  // namespace

std::vector<TocEntry> ParseToc(std::string_view list) {
  std::vector<TocEntry> toc;
  constexpr std::string_view kDepends = ";\tdepends on:";
  while (!list.empty()) {
    std::string_view line = list.substr(0, list.find('\n'));
    list.remove_prefix(std::min(list.size(), line.size() + 1));
    if (line.starts_with(kDepends) && !toc.empty()) {
      line.remove_prefix(kDepends.size());
      for (int id = 0; TakeNumber(line, id);) toc.back().depends_on.push_back(id);
      continue;
    }
    TocEntry entry;
    if (!TakeNumber(line, entry.id) || !line.starts_with(';')) continue;
    line.remove_prefix(1);
    if (!TakeNumber(line, entry.catalog) || !TakeNumber(line, entry.oid)) continue;
    entry.text = line.substr(std::min<std::size_t>(1, line.size()));
    toc.push_back(std::move(entry));
  }
  return toc;
}

void LeaveOut(std::vector<TocEntry>& toc, const std::set<ObjectId>& objects) {
  std::multimap<int, TocEntry*> dependents;
  std::vector<TocEntry*> left;
  for (TocEntry& entry : toc) {
    for (const int id : entry.depends_on) dependents.emplace(id, &entry);
    if ((entry.oid != 0 && objects.contains({entry.catalog, entry.oid})) || IsNeverCopied(entry)) {
      left.push_back(&entry);
    }
  }
  while (!left.empty()) {
    TocEntry& entry = *left.back();
    left.pop_back();
    if (std::exchange(entry.left_out, true)) continue;
    const auto [from, to] = dependents.equal_range(entry.id);
    for (auto it = from; it != to; ++it) left.push_back(it->second);
  }
}

std::vector<int> FailedEntries(std::string_view errors) {
  constexpr std::string_view kFrom = "from TOC entry ";
  std::vector<int> ids;
  for (std::size_t at = 0; (at = errors.find(kFrom, at)) != std::string_view::npos;) {
    at += kFrom.size();
    std::string_view rest = errors.substr(at);
    int id = 0;
    if (TakeNumber(rest, id) && std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
  }
  return ids;
}

std::string ErrorsOfSchema(std::string_view errors) {
  constexpr std::size_t kMost = 1000;
  std::string shown;
  bool said = false;
  std::istringstream in{std::string(errors)};
  for (std::string line; std::getline(in, line);) {
    // What a program says begins with its name; what follows is DETAIL, CONTEXT and the statement.
    said = line.starts_with("pg_dump: ") || line.starts_with("pg_restore: ");
    if (line.find(": detail: ") != std::string::npos) continue;
    if (!said || line.find("while PROCESSING TOC") != std::string::npos) continue;
    if (line.find("errors ignored") != std::string::npos) continue;
    shown += (shown.empty() ? "" : "; ") + line;
    if (shown.size() > kMost) return shown.substr(0, kMost) + " …";
  }
  return shown;
}

}  // namespace gdpr::batch
