// SPDX-License-Identifier: PostgreSQL
// Any text is what pg_restore prints of an archive, or its errors. What depends on something that
// is left out is left out; what is shown of errors is short, and none of it is a row's. Tables of
// any size fall into parts that have each page once.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "batch/copy/copy_sql.hpp"
#include "batch/copy/copy_toc.hpp"

namespace {

using namespace gdpr::batch;  // NOLINT

void CheckContents(std::string_view text) {
  std::vector<TocEntry> toc = ParseToc(text);
  std::set<ObjectId> objects;
  for (std::size_t i = 0; i < toc.size(); i += 3) objects.insert({toc[i].catalog, toc[i].oid});
  LeaveOut(toc, objects);
  std::map<int, bool> left_out;
  for (const TocEntry& entry : toc) left_out[entry.id] |= entry.left_out;
  for (const TocEntry& entry : toc) {
    if (entry.left_out) continue;
    if (entry.oid != 0 && objects.contains({entry.catalog, entry.oid})) std::abort();
    for (const int id : entry.depends_on) {
      if (left_out.contains(id) && left_out[id]) std::abort();
    }
  }
}

void CheckErrors(std::string_view text) {
  FailedEntries(text);
  const std::string shown = ErrorsOfSchema(text);
  if (shown.size() > 1010 || shown.find('\n') != std::string::npos) std::abort();
  if (!shown.empty() && !shown.starts_with("pg_dump: ") && !shown.starts_with("pg_restore: ")) {
    std::abort();
  }
}

void CheckParts(std::string_view bytes) {
  std::vector<CopyTable> tables;
  for (; bytes.size() >= 4 && tables.size() < 20; bytes.remove_prefix(4)) {
    std::uint32_t pages = 0;
    std::memcpy(&pages, bytes.data(), sizeof pages);
    CopyTable table;
    table.schema = "s";
    table.name = "t";
    table.pages = (pages & 0xFFFFFU) >> (pages % 23);
    table.rows_estimate = 20 * table.pages;
    if (pages % 7 == 0) table.tids = std::vector<std::uint64_t>{1, 1 + std::uint64_t{pages}};
    tables.push_back(std::move(table));
  }
  std::vector<std::vector<CopyPart>> of_table(tables.size());
  for (const CopyPart& part : SplitTables(tables, true, 8192))
    of_table.at(part.table).push_back(part);
  for (std::size_t i = 0; i < tables.size(); ++i) {
    std::ranges::sort(of_table[i], {}, &CopyPart::number);
    std::int64_t next = 0;
    std::size_t statements = 0;
    for (const CopyPart& part : of_table[i]) {
      const bool last = &part == &of_table[i].back();
      if (part.from_page != next || last != (part.to_page == -1)) std::abort();
      if (part.parts != static_cast<int>(of_table[i].size())) std::abort();
      ReadStatements read(tables[i], part);
      while (!read.Next().empty()) ++statements;
      next = part.to_page;
    }
    if (of_table[i].empty()) std::abort();
    const bool wrong =
        tables[i].tids ? statements < 1 || statements > 2 : statements != of_table[i].size();
    if (wrong) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckContents(text);
  CheckErrors(text);
  CheckParts(text.substr(0, std::min<std::size_t>(size, 80)));
  return 0;
}
