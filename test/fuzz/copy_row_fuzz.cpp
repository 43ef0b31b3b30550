// SPDX-License-Identifier: PostgreSQL
// Two bytes: a type, and a profile with how the rest is meant; then a line with a rule, and rows of
// COPY BINARY or one field. What comes of any bytes are as many whole rows, or an error; a field
// that was treated can be read as its type.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "batch/copy/copy_row.hpp"
#include "batch/copy/copy_row_bytes.hpp"
#include "batch/copy/copy_row_codec.hpp"
#include "batch/copy/copy_row_numeric.hpp"
#include "batch/output/fault.hpp"
#include "core/rule.hpp"

namespace {

using namespace gdpr::batch;  // NOLINT

constexpr std::uint32_t kEnum = 20001, kDomain = 20002, kTexts = 1009, kNumerics = 1231,
                        kEnums = 20003, kNull = 0xFFFFFFFF;
constexpr std::uint32_t kTypes[] = {
    oid::kBool,    oid::kBytea,    oid::kName,  oid::kInt8,      oid::kInt2,        oid::kInt4,
    oid::kText,    oid::kJson,     oid::kXml,   oid::kPoint,     oid::kCidr,        oid::kFloat4,
    oid::kFloat8,  oid::kMacaddr8, oid::kMoney, oid::kMacaddr,   oid::kInet,        oid::kBpchar,
    oid::kVarchar, oid::kDate,     oid::kTime,  oid::kTimestamp, oid::kTimestamptz, oid::kInterval,
    oid::kTimetz,  oid::kNumeric,  oid::kUuid,  oid::kTsvector,  oid::kJsonb,       kEnum,
    kDomain,       kTexts,         kNumerics,   kEnums};

const CatalogTypes& Types() {
  static const CatalogTypes types = [] {
    std::vector<TypeRow> rows;
    for (const std::uint32_t number : kTypes) rows.push_back({.oid = number});
    for (TypeRow& row : rows) {
      if (row.oid == kEnum) row.typtype = 'e', row.labels = {"red", "green"};
      if (row.oid == kDomain) row.typtype = 'd', row.base = oid::kVarchar, row.typmod = 4 + 12;
      if (row.oid == kTexts) row.element = oid::kText;
      if (row.oid == kNumerics) row.element = oid::kNumeric;
      if (row.oid == kEnums) row.element = kEnum;
    }
    return CatalogTypes(std::move(rows));
  }();
  return types;
}

// Rows of two columns; calls `field` for what is not NULL. Aborts where they are not whole.
template <typename F>
std::int64_t Walk(std::string_view rows, F field) {
  std::int64_t count = 0;
  const auto take = [&](std::size_t bytes) {
    if (rows.size() < bytes) std::abort();
    const std::string_view taken = rows.substr(0, bytes);
    rows.remove_prefix(bytes);
    return taken;
  };
  for (; !rows.empty(); ++count) {
    if (Load<std::uint16_t>(take(2).data()) != 2) std::abort();
    for (int column = 0; column < 2; ++column) {
      const auto length = Load<std::uint32_t>(take(4).data());
      if (length != kNull) field(column, take(length));
    }
  }
  return count;
}

std::string Row(std::string_view field) {
  std::string row;
  Append<std::uint16_t>(2, row);
  Append(static_cast<std::uint32_t>(field.size()), row);
  row += field;
  Append(kNull, row);
  return row;
}

// No server sends groups of zeros at the ends; without them text and bytes say the same.
void CheckNumeric(std::string_view field) {
  std::string text, written, again, twice;
  if (!NumericToText(field, text) || !TextToNumeric(text, written)) return;
  if (!NumericToText(written, again) || !TextToNumeric(again, twice) || twice != written) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::uint8_t> master(32, 7);
  if (size < 3) return 0;
  const std::uint32_t number = kTypes[data[0] % std::size(kTypes)];
  const auto profile = static_cast<gdpr::Profile>(data[1] % gdpr::kProfiles);
  const bool as_field = (data[1] & 0x80) != 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t line = input.find('\n');
  if (line == std::string_view::npos) return 0;
  const std::string_view bytes = input.substr(line + 1);
  CheckNumeric(bytes);
  CopyTable table;
  table.schema = "s";
  table.name = "t";
  table.columns = {{"c", number, -1, false, std::string(input.substr(0, line)), false},
                   {"as_it_is", oid::kText, -1, false, "", false}};
  std::string out;
  std::int64_t rows = 0;
  try {
    gdpr::ParseRule(table.columns[0].rule);
    RowTreater treater(table, Types(), profile, master);
    treater.Treat(as_field ? Row(bytes) : std::string(bytes), out);
    rows = treater.rows();
  } catch (const Fault& fault) {
    if (std::string_view(fault.what()).empty()) std::abort();
    return 0;
  } catch (const gdpr::Error&) {
    return 0;  // no rule, or a constant that is not of the type
  }
  const CopyType& type = Types().Of(number);
  std::string scratch;
  const auto check = [&](int column, std::string_view field) {
    if (column == 0 && type.element == nullptr) codec::Read(type, field, scratch);
  };
  if (Walk(out, check) != rows) std::abort();
  return 0;
}
