// SPDX-License-Identifier: PostgreSQL
#include "batch/audit/audit_lines.hpp"

#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace gdpr::batch {
namespace {

using nlohmann::json;

constexpr std::string_view kExport = "pg_gdpr audit 1";
constexpr std::string_view kProof = "pg_gdpr proof 1";

/// A line that is none of an export's.
struct BadLine {};

const json& At(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) throw BadLine{};
  return *found;
}

const std::string& StringOf(const json& value) {
  if (!value.is_string()) throw BadLine{};
  return value.get_ref<const std::string&>();
}

/// Databases in other encodings than UTF-8 write the bytes that the digests are made of.
std::string TextOf(const json& value) {
  if (!value.is_object()) return StringOf(value);
  auto bytes = BytesOfHex(StringOf(At(value, "hex")));
  if (!bytes) throw BadLine{};
  return std::move(*bytes);
}

template <class Number>
Number ParseNumber(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) throw BadLine{};
  return number;
}

template <class Small>
Small SmallOf(const json& value) {
  if (!value.is_number_integer()) throw BadLine{};
  const auto number = value.get<std::int64_t>();
  if (!std::in_range<Small>(number)) throw BadLine{};
  return static_cast<Small>(number);
}

/// An object of a line. Texts are read in place, bytes are decoded and kept here.
class Object {
 public:
  explicit Object(const json& object) : object_(object) {
    if (!object.is_object()) throw BadLine{};
  }

  bool Has(const char* name) const { return object_.contains(name); }
  bool IsNull(const char* name) const { return At(object_, name).is_null(); }
  const json& Value(const char* name) const { return At(object_, name); }

  std::string_view Text(const char* name) {
    const json& value = At(object_, name);
    return value.is_string() ? std::string_view(StringOf(value)) : Keep(TextOf(value));
  }
  std::optional<std::string_view> MaybeText(const char* name) {
    if (IsNull(name)) return std::nullopt;
    return Text(name);
  }
  template <class Number = std::int64_t>
  Number Large(const char* name) const {
    return ParseNumber<Number>(StringOf(At(object_, name)));
  }
  template <class Number = std::int64_t>
  std::optional<Number> MaybeLarge(const char* name) const {
    if (IsNull(name)) return std::nullopt;
    return Large<Number>(name);
  }
  std::int32_t Small(const char* name) const { return SmallOf<std::int32_t>(At(object_, name)); }
  char Letter(const char* name) {
    const std::string_view text = Text(name);
    if (text.size() != 1) throw BadLine{};
    return text[0];
  }
  bool Flag(const char* name) const {
    const json& value = At(object_, name);
    if (!value.is_boolean()) throw BadLine{};
    return value.get<bool>();
  }
  std::string_view Bytes(const char* name) {
    auto bytes = BytesOfHex(Text(name));
    if (!bytes) throw BadLine{};
    return Keep(std::move(*bytes));
  }
  std::optional<std::string_view> MaybeBytes(const char* name) {
    if (IsNull(name)) return std::nullopt;
    return Bytes(name);
  }
  Hash Digest(const char* name) { return StoredHash(Bytes(name)); }

 private:
  std::string_view Keep(std::string bytes) {
    return *kept_.emplace_back(std::make_unique<std::string>(std::move(bytes)));
  }

  const json& object_;
  std::vector<std::unique_ptr<std::string>> kept_;
};

AuditStatement StatementOf(Object& object) {
  AuditStatement statement;
  statement.statement = object.Large("statement");
  statement.at = object.Large("at");
  statement.system_id = object.Large("system_id");
  statement.xid = object.Large<std::uint64_t>("xid");
  if (!object.IsNull("shape")) statement.shape = object.Digest("shape");
  statement.operation = object.Letter("operation");
  statement.anonymized = object.Flag("anonymized");
  statement.changes = object.Small("changes");
  statement.session_role = object.Text("session_role");
  statement.acting_role = object.Text("acting_role");
  statement.purpose = object.MaybeText("purpose");
  statement.seed = object.MaybeBytes("seed");
  statement.app_user = object.MaybeText("app_user");
  statement.client_address = object.MaybeText("client_address");
  statement.actor_digests = object.MaybeBytes("actor_digests");
  return statement;
}

/// A change and its further people, which it points to.
struct ChangeOf {
  explicit ChangeOf(Object& object) {
    change.n = object.Small("n");
    change.subject_type = object.Text("subject_type");
    change.subject_key = object.MaybeText("subject_key");
    change.row_key = object.MaybeText("row_key");
    change.seed = object.MaybeBytes("seed");
    change.body = object.Bytes("body");
    tombstone = object.MaybeLarge("tombstone");
    const json& people = object.Value("subjects");
    if (!people.is_array()) throw BadLine{};
    objects.reserve(people.size());
    for (const json& person : people) {
      Object& one = objects.emplace_back(person);
      subjects.push_back({SmallOf<std::int16_t>(one.Value("place")), one.Text("subject_type"),
                          one.Text("subject_key"), one.MaybeBytes("salt"),
                          one.MaybeBytes("digest")});
    }
    change.subjects = subjects;
  }
  ChangeOf(const ChangeOf&) = delete;
  ChangeOf& operator=(const ChangeOf&) = delete;

  AuditChange change;
  std::optional<std::int64_t> tombstone;
  std::vector<Object> objects;
  std::vector<AuditSubject> subjects;
};

SealRecord SealOf(Object& object) {
  SealRecord record;
  AuditSeal& seal = record.seal;
  seal.seal = object.Large("seal");
  seal.kind = object.Letter("kind");
  seal.previous = object.Digest("previous");
  seal.sealed_at = object.Large("sealed_at");
  seal.system_id = object.Large("system_id");
  seal.upto_xid = object.MaybeLarge<std::uint64_t>("upto_xid");
  seal.upto_statement = object.MaybeLarge("upto_statement");
  if (!object.IsNull("upto_n")) seal.upto_n = object.Small("upto_n");
  seal.events = object.Small("events");
  seal.root = object.Digest("root");
  seal.dropped_before = object.MaybeLarge("dropped_before");
  seal.configuration = object.Digest("configuration");
  seal.key_id = object.Small("key_id");
  record.digest = HashFrom(object.Bytes("digest"));
  record.signature = object.Bytes("signature");
  return record;
}

template <class Item, class Read>
std::vector<Item> ListOf(const json& array, Read read) {
  if (!array.is_array()) throw BadLine{};
  std::vector<Item> items;
  for (const json& item : array) items.push_back(read(item));
  return items;
}

std::vector<std::string> Texts(const json& array) {
  return ListOf<std::string>(array, [](const json& item) { return TextOf(item); });
}

std::vector<std::int16_t> Numbers(const json& array) {
  return ListOf<std::int16_t>(array, [](const json& i) { return SmallOf<std::int16_t>(i); });
}

std::optional<json> Parse(std::string_view text) {
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) return std::nullopt;
  return value;
}

}  // namespace

/// Hands each sort of line to the chain.
struct AuditLines::Reader {
  AuditLines& lines;
  AuditChain& chain;

  void Shape(Object& line) {
    const std::vector<std::string> all_names = Texts(line.Value("names"));
    const std::vector<std::string> all_types = Texts(line.Value("types"));
    const std::vector<std::string_view> names(all_names.begin(), all_names.end());
    const std::vector<std::string_view> types(all_types.begin(), all_types.end());
    const auto numbers = Numbers(line.Value("numbers"));
    AuditShape shape{line.Text("relation_schema"),
                     line.Text("relation_name"),
                     numbers,
                     names,
                     types,
                     std::nullopt};
    std::vector<std::int16_t> keys;
    if (!line.IsNull("key_columns")) {
      keys = Numbers(line.Value("key_columns"));
      shape.key_columns = keys;
    }
    chain.AddShape(shape, line.Bytes("shape"));
  }

  void Seal(Object& line) {
    SealRecord record = SealOf(line);
    record.has_leaves = line.Has("leaves");
    std::vector<std::pair<std::int32_t, std::int32_t>> dropped;
    if (record.has_leaves) {
      record.leaves = line.MaybeBytes("leaves");
      const auto range = [](const json& pair) {
        if (!pair.is_array() || pair.size() != 2) throw BadLine{};
        return std::pair(SmallOf<std::int32_t>(pair[0]), SmallOf<std::int32_t>(pair[1]));
      };
      dropped = ListOf<std::pair<std::int32_t, std::int32_t>>(line.Value("dropped"), range);
      record.dropped = dropped;
    }
    chain.BeginSeal(record);
    ++lines.seals_;
  }

  void Read(Object& line) {
    if (line.Has("seal")) {
      Seal(line);
    } else if (line.Has("statement")) {
      chain.BeginStatement(StatementOf(line), line.MaybeLarge("tombstone"));
    } else if (line.Has("n")) {
      const ChangeOf change(line);
      chain.AddChange(change.change, change.tombstone);
      ++lines.events_;
    } else if (line.Has("key_id")) {
      chain.AddKey(line.Small("key_id"), line.Bytes("public_key"));
    } else if (line.Has("configuration")) {
      chain.AddConfiguration(line.Bytes("configuration"), line.Text("body"));
    } else if (line.Has("shape")) {
      Shape(line);
    } else if (line.Has("unsealed")) {
      chain.BeginUnsealed();
    } else if (line.Has("end")) {
      lines.ended_ = true;
    } else {
      throw BadLine{};
    }
  }

  /// The first line: whose log it is, and how much of it.
  static bool Begin(AuditLines& lines, Object& line) {
    if (!line.Has("format") || line.Text("format") != kExport) return false;
    const bool whole = line.Large("from_seal") == 1 && line.IsNull("to_seal");
    lines.chain_ = std::make_unique<AuditChain>(whole);
    AuditChain& chain = *lines.chain_;
    for (const std::string& key : lines.trust_.public_keys) chain.Trust(key);
    if (!lines.trust_.database.empty() && line.Text("database") != lines.trust_.database) {
      chain.AddFinding("the log is of a database of another name");
    }
    if (lines.trust_.anchor.empty()) return true;
    if (chain.AddAnchors(lines.trust_.anchor, line.Text("database"),
                         line.MaybeText("instance").value_or("")) == 0) {
      chain.AddFinding("the anchor names no seal of this database");
    }
    return true;
  }
};

bool AuditLines::Add(std::string_view text) {
  ++line_;
  const std::optional<json> value = Parse(text);
  try {
    if (!value) throw BadLine{};
    Object line(*value);
    if (!chain_) return Reader::Begin(*this, line);
    if (ended_) throw BadLine{};
    Reader{*this, *chain_}.Read(line);
  } catch (const BadLine&) {
    if (!chain_) return false;
    chain_->AddFinding("line " + std::to_string(line_) + " is none of an export's");
  }
  Count();
  return true;
}

void AuditLines::Finish() {
  if (!chain_) return;
  if (!ended_) chain_->AddFinding("the export ends too early");
  chain_->Finish();
  Count();
}

void AuditLines::Count() {
  if (!chain_->HasVerdicts()) return;
  for (Verdict& verdict : chain_->Take()) {
    if (!verdict.IsOk()) bad_.push_back(std::move(verdict));
  }
}

std::vector<Verdict> AuditLines::TakeBad() {
  return std::exchange(bad_, {});
}

std::string CheckProof(std::string_view text, const AuditTrust& trust, std::string& event,
                       std::int64_t& seal) {
  try {
    const std::optional<json> value = Parse(text);
    if (!value) throw BadLine{};
    Object proof(*value);
    if (!proof.Has("format") || proof.Text("format") != kProof) throw BadLine{};
    Object seal_object(proof.Value("seal"));
    Object statement_object(proof.Value("statement"));
    Object change_object(proof.Value("change"));
    const SealRecord record = SealOf(seal_object);
    const AuditStatement statement = StatementOf(statement_object);
    const ChangeOf change(change_object);
    event = EventName(statement.statement, change.change.n);
    seal = record.seal.seal;
    LeafMaker maker;
    Hash digest{};
    Hash leaf{};
    if (event != proof.Text("event") || !maker.StatementDigest(statement, digest) ||
        !maker.Leaf(digest, change.change, leaf)) {
      return "the event was changed";
    }
    const auto hashes = ListOf<Hash>(proof.Value("proof"), [](const json& item) {
      const auto bytes = BytesOfHex(StringOf(item));
      const auto hash = bytes ? HashFrom(*bytes) : std::nullopt;
      if (!hash) throw BadLine{};
      return *hash;
    });
    const std::int32_t place = proof.Small("place");
    if (place < 0 || RootOfProof(maker.Hasher(), leaf, static_cast<std::uint64_t>(place),
                                 static_cast<std::uint64_t>(std::max(record.seal.events, 0)),
                                 hashes) != record.seal.root) {
      return "the event is not under the seal";
    }
    const Hash sealed = SealDigest(maker.Hasher(), record.seal);
    std::vector<std::string> keys = trust.public_keys;
    if (keys.empty()) keys.emplace_back(proof.Bytes("public_key"));
    for (const std::string& key : keys) {
      if (IsSignedEd25519(key, AsText(sealed), record.signature)) return "ok";
    }
    return "the seal is not signed by the key";
  } catch (const BadLine&) {
    return "this is no proof of an event";
  }
}

}  // namespace gdpr::batch
