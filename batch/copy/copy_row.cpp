// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_row.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "batch/copy/copy_row_bytes.hpp"
#include "batch/copy/copy_row_cache.hpp"
#include "batch/copy/copy_row_codec.hpp"
#include "batch/output/fault.hpp"
#include "core/treat.hpp"

namespace gdpr::batch {
namespace {

constexpr std::uint32_t kNullLength = 0xFFFFFFFF;
constexpr int kMostDimensions = 6;
constexpr std::size_t kMuch = 1U << 20;  // one huge value must not keep its memory

// The kernel's random bytes, fetched for many surrogates at once.
class SystemRandom final : public Random {
 public:
  void Fill(std::span<std::uint8_t> bytes) override {
    for (std::uint8_t& byte : bytes) {
      if (next_ == pool_.size()) Refill();
      byte = std::exchange(pool_[next_++], 0);
    }
  }

 private:
  void Refill() {
    for (std::size_t done = 0; done < pool_.size();) {
      const ssize_t got = getrandom(pool_.data() + done, pool_.size() - done, 0);
      if (got > 0) done += static_cast<std::size_t>(got);
    }
    next_ = 0;
  }

  std::array<std::uint8_t, 4096> pool_{};
  std::size_t next_ = pool_.size();
};

[[noreturn]] void FailDamaged(const CopyTable& table) {
  throw Fault(ExitCode::kDatabase,
              "the rows of table \"" + table.schema + "." + table.name + "\" cannot be read",
              "What came is not in the binary format of its columns.",
              "Was a column's type changed meanwhile? Start again.");
}

std::string_view Trimmed(std::string_view text) {
  const std::size_t last = text.find_last_not_of(' ');
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// Makes room for a length, which is known once the field is written.
class Length {
 public:
  explicit Length(std::string& out) : out_(out), start_(out.size()) { out_.append(4, '\0'); }
  void Set() { Store(static_cast<std::uint32_t>(out_.size() - start_ - 4), out_.data() + start_); }
  void SetNull() {
    out_.resize(start_ + 4);
    Store(kNullLength, out_.data() + start_);
  }

 private:
  std::string& out_;
  std::size_t start_;
};

}  // namespace

struct RowTreater::Column {
  enum class Way : std::uint8_t { kPass, kNull, kTreat };

  std::string name;
  const CopyType* type = nullptr;
  std::int32_t typmod = -1;
  Way way = Way::kPass;
  Rule rule;
  bool trimmed = false;             // char(n): the server's own cast to text takes the padding off
  bool constant = false;            // one result for all values …
  std::optional<std::string> kept;  // … the field as it is written
  std::optional<ValueCache> cache;  // keyed treatments of values without a seed
};

struct RowTreater::State {
  const CopyTable& table;
  Profile profile;
  std::vector<Column> columns;
  std::optional<std::size_t> country;  // whose value says the row's locale …
  std::string country_text;            // … the last one, and its locale is in keying
  bool passes = true;
  std::optional<Keyed> keys;
  Keying keying;
  SystemRandom random;
  gdpr::Result result;
  std::string scratch;
  std::vector<std::size_t> starts;  // of the row's fields, and of its end
};

RowTreater::RowTreater(const CopyTable& table, const CatalogTypes& types, Profile profile,
                       std::span<const std::uint8_t> master)
    : state_(new State{table, profile, {}, {}, {}, true, {}, {}, {}, {}, {}, {}}) {
  State& state = *state_;
  for (const CopyColumn& from : table.columns) {
    Column column;
    column.name = from.name;
    column.type = &types.Of(from.type);
    column.typmod = from.typmod >= 0 ? from.typmod : column.type->typmod;
    if (from.to_null) {
      column.way = Column::Way::kNull;
    } else if (!from.rule.empty()) {
      column.rule = ParseRule(from.rule);
      if (TreatmentFor(column.rule, profile).id != TreatmentId::kKeep)
        column.way = Column::Way::kTreat;
    }
    column.trimmed = column.type->base == oid::kBpchar;
    column.constant = column.way == Column::Way::kTreat && column.type->element == nullptr &&
                      IsConstant(column.rule, profile, column.type->facts);
    if (column.way == Column::Way::kTreat && column.type->element == nullptr &&
        NeedsKey(column.rule, profile)) {
      column.cache.emplace();
    }
    if (column.way != Column::Way::kPass) state.passes = false;
    if (column.name == table.country_column && column.type->element == nullptr &&
        (column.type->facts.cls == ValueClass::kText ||
         column.type->facts.cls == ValueClass::kEnum)) {
      state.country = state.columns.size();
    }
    state.columns.push_back(std::move(column));
  }
  if (!table.seed_sql.empty()) state.passes = false;
  if (profile == Profile::kFake || profile == Profile::kPseudonym) {
    if (!master.empty()) state.keys.emplace(master);
    state.keying.keys = state.keys ? &*state.keys : nullptr;
  }
}

RowTreater::~RowTreater() = default;

bool RowTreater::passes() const {
  return state_->passes;
}

void RowTreater::Treat(std::string_view tuples, std::string& out) {
  std::size_t at = 0;
  try {
    while (at < tuples.size()) TreatRow(tuples, at, out);
  } catch (const codec::Damaged&) {
    FailDamaged(state_->table);
  }
}

void RowTreater::TreatRow(std::string_view tuples, std::size_t& at, std::string& out) {
  State& state = *state_;
  const std::size_t columns = state.columns.size();
  const std::size_t fields = columns + (state.table.seed_sql.empty() ? 0 : 1);
  const auto need = [&](std::size_t size) {
    if (tuples.size() - at < size) throw codec::Damaged();
  };
  need(2);
  if (Load<std::uint16_t>(tuples.data() + at) != fields) throw codec::Damaged();
  at += 2;
  state.starts.clear();
  for (std::size_t i = 0; i < fields; ++i) {
    state.starts.push_back(at);
    need(4);
    const auto length = Load<std::uint32_t>(tuples.data() + at);
    at += 4;
    if (length == kNullLength) continue;
    need(length);
    at += length;
  }
  state.starts.push_back(at);
  const auto is_null = [&](std::size_t i) {
    return Load<std::uint32_t>(tuples.data() + state.starts[i]) == kNullLength;
  };
  const auto field = [&](std::size_t i) {
    return tuples.substr(state.starts[i] + 4, state.starts[i + 1] - state.starts[i] - 4);
  };
  if (fields > columns) {
    state.keying.seeded = !is_null(columns);
    state.keying.seed = field(columns);
  }
  if (state.country && field(*state.country) != state.country_text) {
    state.country_text = field(*state.country);
    state.keying.locale = LocaleOfCountry(Trimmed(state.country_text));
  }

  Append(static_cast<std::uint16_t>(columns), out);
  for (std::size_t i = 0; i < columns;) {
    std::size_t next = i;
    while (next < columns && state.columns[next].way == Column::Way::kPass) ++next;
    if (next > i) {  // neighbours that pass go in one piece, lengths included
      out.append(tuples, state.starts[i], state.starts[next] - state.starts[i]);
      i = next;
      continue;
    }
    if (state.columns[i].way == Column::Way::kNull || is_null(i)) {
      Append(kNullLength, out);
    } else {
      TreatField(state.columns[i], field(i), out);
    }
    ++i;
  }
  ++rows_;
}

void RowTreater::TreatField(Column& column, std::string_view field, std::string& out) {
  if (column.kept) {
    out += *column.kept;
    return;
  }
  const Keying& keying = state_->keying;
  ValueCache* cache = column.cache && !keying.seeded ? &*column.cache : nullptr;
  if (cache != nullptr) {
    if (const std::string_view* known = cache->Find(field, keying.locale)) {
      out += *known;
      return;
    }
  }
  const std::size_t start = out.size();
  if (column.type->element != nullptr) {
    TreatArray(column, field, out);
  } else {
    TreatOne(column, *column.type, column.trimmed ? Trimmed(field) : field, out);
  }
  if (column.constant) column.kept = out.substr(start);
  if (cache != nullptr) cache->Put(field, keying.locale, std::string_view(out).substr(start));
}

// One value that is no array: the column's, or an element's.
void RowTreater::TreatOne(Column& column, const CopyType& type, std::string_view field,
                          std::string& out) {
  State& state = *state_;
  const auto fail = [&](std::string detail, std::string hint) {
    throw Fault(ExitCode::kConfiguration,
                "column \"" + column.name + "\" of table \"" + state.table.schema + "." +
                    state.table.name + "\" cannot take its treatment",
                std::move(detail), std::move(hint));
  };
  if (state.result.text.capacity() > kMuch) std::string().swap(state.result.text);
  if (state.scratch.capacity() > kMuch) std::string().swap(state.scratch);
  const Value value = codec::Read(type, field, state.scratch);
  try {
    gdpr::Treat(column.rule, state.profile, type.facts, value, state.random, state.result,
                state.keying);
  } catch (const Error& error) {
    fail("The rule is \"" + FormatRule(column.rule) + "\": " + error.message +
             (error.detail.empty() ? "." : ". " + error.detail),
         error.hint);
  }
  Length length(out);
  switch (state.result.state) {
    case gdpr::Result::State::kNull:
      return length.SetNull();
    case gdpr::Result::State::kSame:
      out += field;
      return length.Set();
    case gdpr::Result::State::kValue:
      break;
  }
  const std::int32_t typmod =
      column.type->element == nullptr || type.typmod < 0 ? column.typmod : type.typmod;
  const char* reason = codec::Misfitting(type, typmod, state.result);
  if (reason == nullptr) {
    try {
      codec::Write(type, state.result, out);
      return length.Set();
    } catch (const codec::Misfit& misfit) {
      reason = misfit.reason;
    }
  }
  fail("The rule is \"" + FormatRule(column.rule) +
           "\", and what became of a value does not fit: " + reason + ".",
       "Name another treatment in the rule.");
}

// Dimensions stay, NULL stays NULL, and each element is treated alone (array_send's format).
void RowTreater::TreatArray(Column& column, std::string_view field, std::string& out) {
  if (field.size() < 12) throw codec::Damaged();
  const auto dimensions = Load<std::uint32_t>(field.data());
  if (dimensions > kMostDimensions) throw codec::Damaged();
  std::size_t at = 12 + 8 * std::size_t{dimensions};
  if (field.size() < at) throw codec::Damaged();
  Length length(out);
  const std::size_t start = out.size();
  out.append(field.substr(0, at));
  bool has_null = false;
  while (at < field.size()) {
    if (field.size() - at < 4) throw codec::Damaged();
    const auto size = Load<std::uint32_t>(field.data() + at);
    at += 4;
    if (size == kNullLength) {
      Append(kNullLength, out);
      has_null = true;
      continue;
    }
    if (field.size() - at < size) throw codec::Damaged();
    const std::size_t element = out.size();
    TreatOne(column, *column.type->element, field.substr(at, size), out);
    has_null = has_null || Load<std::uint32_t>(out.data() + element) == kNullLength;
    at += size;
  }
  Store<std::uint32_t>(has_null ? 1 : 0, out.data() + start + 4);
  length.Set();
}

}  // namespace gdpr::batch
