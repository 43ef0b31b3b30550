// SPDX-License-Identifier: PostgreSQL
#include "list_format.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "error.hpp"
#include "list_names.hpp"

namespace gdpr {
namespace {

constexpr std::size_t kSample = 300;  // records that are looked at

using Row = std::vector<std::string>;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsBlankText(std::string_view value) {
  return CheckValue(ListKind::kAddress, AddressSort::kText, value) == Reject::kEmpty;
}

// A column of the sample.
struct Column {
  std::size_t filled = 0;
  std::array<std::size_t, kListKinds> hits{};

  // What looks like nothing in the first record may be a header.
  void Count(std::string_view value, bool first, const ListHints& hints) {
    if (IsBlankText(value)) return;
    bool any = false;
    for (std::size_t kind = 0; kind < kListKinds; ++kind) {
      if (!LooksLike(static_cast<ListKind>(kind), hints.sort, value)) continue;
      ++hits[kind];
      any = true;
    }
    if (any || !first) ++filled;
  }
};

// The sample, read in one dialect.
struct Reading {
  Dialect dialect;
  std::vector<Row> rows;
  std::vector<Column> columns;
};

// The column that is meant, if the sample is read like that.
struct Guess {
  ListFormat format;
  std::size_t hits = 0, filled = 0;
  bool named = false;
  int rank = 0;
  std::size_t rival = 0;  // number from 1 of another column that may be meant as well; 0: none
};

[[noreturn]] void Refuse(std::string detail, std::string hint) {
  throw Error{"22023", "the list cannot be understood", std::move(detail), std::move(hint)};
}

bool IsBlankRow(const Row& row) {
  return std::ranges::all_of(row, IsBlankText);
}

// Excel's own line before everything else: sep=;
std::optional<char> SeparatorLine(std::string_view head) {
  if (head.starts_with('"')) head.remove_prefix(1);
  if (!head.starts_with("sep=") || head.size() < 6) return std::nullopt;
  const std::string_view behind = head.substr(5);
  const bool alone = behind[0] == '\n' || behind[0] == '\r' || behind.starts_with("\"\n") ||
                     behind.starts_with("\"\r");
  return alone ? std::optional(head[4]) : std::nullopt;
}

Reading Read(std::string_view head, bool whole, Dialect dialect, int skip, const ListHints& hints) {
  Reading reading{dialect, {}, {}};
  ListReader reader(dialect);
  reader.Feed(head);
  if (whole) reader.End();
  Record record;
  while (reading.rows.size() <= kSample && reader.Next(record)) {
    if (skip-- > 0 || record.flaw != Record::Flaw::kNone) continue;
    Row row(record.values->begin(), record.values->end());
    if (!IsBlankRow(row)) reading.rows.push_back(std::move(row));
  }
  for (std::size_t i = 0; i < reading.rows.size(); ++i) {
    const Row& row = reading.rows[i];
    reading.columns.resize(std::max(reading.columns.size(), row.size()));
    for (std::size_t c = 0; c < row.size(); ++c) reading.columns[c].Count(row[c], i == 0, hints);
  }
  return reading;
}

bool IsWanted(ListKind kind, const ListHints& hints) {
  if (hints.kind) return kind == *hints.kind;
  if (kind == ListKind::kAddress) return true;
  if (kind == ListKind::kDomain) return hints.sort == AddressSort::kEmail;
  return !hints.plain && hints.sort != AddressSort::kText;
}

ListKind BestKind(const Column& column, const ListHints& hints) {
  ListKind best = hints.kind.value_or(ListKind::kAddress);
  std::size_t most = column.hits[static_cast<std::size_t>(best)];
  for (std::size_t i = 0; i < kListKinds; ++i) {
    const auto kind = static_cast<ListKind>(i);
    if (column.hits[i] <= most || !IsWanted(kind, hints)) continue;
    best = kind;
    most = column.hits[i];
  }
  return best;
}

Guess GuessOf(const Reading& reading, std::size_t c, ListKind kind) {
  Guess guess;
  guess.format.dialect = reading.dialect;
  guess.format.column = c;
  guess.format.columns = reading.columns.size();
  guess.format.kind = kind;
  guess.filled = reading.columns[c].filled;
  guess.hits = reading.columns[c].hits[static_cast<std::size_t>(kind)];
  return guess;
}

// By the header's names.
std::optional<Guess> ByName(const Reading& reading, const ListHints& hints) {
  std::optional<Guess> best;
  const Row& header = reading.rows.front();
  for (std::size_t c = 0; c < header.size(); ++c) {
    const auto known = KnownColumn(PlainName(header[c]), hints.sort);
    if (!known || !IsWanted(known->kind, hints)) continue;
    Guess guess = GuessOf(reading, c, known->kind);
    const bool only_header = reading.rows.size() == 1;
    if (only_header) guess.filled = guess.hits = 0;
    if (guess.filled > 0 && guess.hits * (known->sure ? 10 : 2) < guess.filled) continue;
    guess.named = true;
    guess.rank = known->rank;
    guess.format.skip = 1;
    guess.format.column_name = header[c];
    if (best && best->rank == guess.rank) best->rival = c + 1;
    if (!best || guess.rank < best->rank) best = std::move(guess);
  }
  return best;
}

// By what stands in the columns.
std::optional<Guess> ByContent(const Reading& reading, const ListHints& hints) {
  std::optional<Guess> best;
  std::size_t second = 0, second_column = 0;
  for (std::size_t c = 0; c < reading.columns.size(); ++c) {
    Guess guess = GuessOf(reading, c, BestKind(reading.columns[c], hints));
    if (guess.hits == 0 || guess.hits * 2 < guess.filled) continue;
    if (!best || guess.hits > best->hits) {
      if (best) second = best->hits, second_column = best->format.column;
      best = std::move(guess);
    } else if (guess.hits > second) {
      second = guess.hits;
      second_column = c;
    }
  }
  if (best && second * 2 >= best->hits && second > 0) best->rival = second_column + 1;
  return best;
}

// The column that somebody named or counted.
std::optional<Guess> ByHint(const Reading& reading, const ListHints& hints) {
  const bool number = std::ranges::all_of(hints.column, IsDigit) && hints.column.size() < 6;
  std::optional<std::size_t> place;
  bool named = false;
  const Row& header = reading.rows.front();
  const std::string wanted = PlainName(hints.column);
  for (std::size_t c = 0; c < header.size() && !place; ++c) {
    if (header[c] != hints.column && (wanted.empty() || PlainName(header[c]) != wanted)) continue;
    place = c;
    named = true;
  }
  if (!place && number) place = std::stoul(hints.column) - 1;
  if (!place || *place >= reading.columns.size()) return std::nullopt;
  Guess guess = GuessOf(reading, *place, BestKind(reading.columns[*place], hints));
  guess.named = named;
  if (named) {
    guess.format.skip = 1;
    guess.format.column_name = hints.column;
  }
  return guess;
}

// A header whose names are not known: words only, above a column that has what it does not have.
bool LooksLikeHeader(const Reading& reading, const Guess& guess, const ListHints& hints) {
  const Row& first = reading.rows.front();
  if (reading.rows.size() < 2 || first.size() < 2 || guess.format.column >= first.size()) {
    return false;
  }
  if (LooksLike(guess.format.kind, hints.sort, first[guess.format.column])) return false;
  return std::ranges::all_of(first, [](const std::string& value) {
    return !value.empty() && value.find('@') == std::string::npos &&
           std::ranges::none_of(value, IsDigit);
  });
}

// Whether a says more about the list than b.
bool IsBetter(const Guess& a, const Guess& b) {
  if (a.hits != b.hits) return a.hits > b.hits;
  return a.named && !b.named;
}

std::optional<Guess> GuessIn(const Reading& reading, const ListHints& hints) {
  if (reading.rows.empty()) return std::nullopt;
  if (!hints.column.empty()) return ByHint(reading, hints);
  if (hints.sort == AddressSort::kText && reading.columns.size() > 1) return std::nullopt;
  if (auto guess = ByName(reading, hints)) return guess;
  auto guess = ByContent(reading, hints);
  if (guess && LooksLikeHeader(reading, *guess, hints)) guess->format.skip = 1;
  return guess;
}

std::vector<char> Delimiters(const ListHints& hints, std::optional<char> separator) {
  if (hints.delimiter) return {*hints.delimiter};
  if (separator) return {*separator};
  if (hints.sort == AddressSort::kText && hints.column.empty()) return {'\0'};
  return {'\0', ',', ';', '\t', '|'};
}

void Demand(const std::optional<Guess>& guess, const ListHints& hints) {
  if (!guess && !hints.column.empty()) {
    Refuse("It has no column of that name or number.",
           "Give --column the name in the list's header or a number from 1, and --delimiter what "
           "stands between its columns.");
  }
  const char* hint =
      "Say which it is with --column NAME or NUMBER, and --delimiter, --encoding or --hash where "
      "the list is unusual.";
  if (!guess || (guess->filled > 0 && guess->hits == 0)) {
    Refuse(
        "No column holds addresses of this channel, domains, or digests of 32, 40 or 64 "
        "hexadecimal digits.",
        hint);
  }
  if (guess->rival != 0) {
    Refuse("Columns " + std::to_string(guess->format.column + 1) + " and " +
               std::to_string(guess->rival) + " may both be meant.",
           hint);
  }
}

}  // namespace

ListFormat DetectFormat(std::string_view head, bool whole, const ListHints& hints) {
  if (whole && IsBlankText(head)) return {};
  const bool old_mac = head.find('\n') == std::string_view::npos &&
                       head.substr(0, head.size() - 1).find('\r') != std::string_view::npos;
  const auto separator = SeparatorLine(head);
  const int skip = separator ? 1 : 0;
  std::optional<Guess> best;
  for (const char delimiter : Delimiters(hints, separator)) {
    const Dialect dialect{delimiter, old_mac ? '\r' : '\n'};
    const Reading reading = Read(head, whole, dialect, skip, hints);
    auto guess = GuessIn(reading, hints);
    if (guess && (!best || IsBetter(*guess, *best))) best = std::move(guess);
  }
  Demand(best, hints);
  best->format.skip += skip;
  return best->format;
}

}  // namespace gdpr
