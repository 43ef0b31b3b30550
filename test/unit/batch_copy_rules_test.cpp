// SPDX-License-Identifier: PostgreSQL
// Rules for a copy: what becomes of each column.
#include <gtest/gtest.h>

#include "batch/copy/copy_rules.hpp"
#include "batch/copy/copy_rules_plan.hpp"
#include "batch/output/fault.hpp"

namespace gdpr::batch {
namespace {

Pack Read(std::string_view text) {
  return ParsePack(text, "rules.sql");
}

/// A catalog in memory: people, who are referenced by number and by e-mail.
struct Source {
  PlanCatalog catalog;
  CatalogTypes types{
      {{.oid = oid::kInt4},
       {.oid = oid::kInt8},
       {.oid = oid::kText},
       {.oid = oid::kVarchar},
       {.oid = oid::kNumeric},
       {.oid = 2205, .of_database = true},
       {.oid = 30000, .typtype = 'd', .base = oid::kVarchar, .typmod = 24, .not_null = true},
       {.oid = 30001, .binary = false},
       {.oid = 30002, .typtype = 'c'}}};
  Pack declared;
  CopyOptions options;
  EffectiveRule ask = [](std::uint32_t, const std::string&) { return std::nullopt; };
  std::uint32_t next = 100;

  PlanRelation& Add(const std::string& name, std::vector<PlanColumn> columns) {
    PlanRelation relation;
    relation.oid = next++;
    relation.schema = "crm";
    relation.name = name;
    relation.columns = std::move(columns);
    return catalog.relations.emplace(relation.oid, std::move(relation)).first->second;
  }
  void Refer(PlanRelation& child, const std::string& column, PlanRelation& parent,
             const std::string& target) {
    catalog.references.push_back({child.oid, column, parent.oid, target, child.name + "_fkey"});
  }
  void Inherit(PlanRelation& child, PlanRelation& parent) {
    child.parents.push_back(parent.oid);
    parent.children.push_back(child.oid);
  }
  std::vector<CopyTable> Plan() const { return MakePlan(catalog, types, declared, options, ask); }
  std::string Fails() const {
    try {
      Plan();
    } catch (const Fault& fault) {
      return std::string(fault.what()) + ": " + fault.detail();
    }
    return "planned";
  }
  /// "rule", "NULL" or "" for a column as it will be copied.
  std::string Of(const std::string& table, const std::string& column) const {
    for (const CopyTable& one : Plan()) {
      if (one.name != table) continue;
      for (const CopyColumn& copied : one.columns) {
        if (copied.name == column) return copied.to_null ? "NULL" : copied.rule;
      }
    }
    return "not there";
  }
};

PlanColumn Key(const std::string& name) {
  return {.name = name,
          .type = oid::kInt4,
          .not_null = true,
          .primary = true,
          .unique = true,
          .alone = true};
}
PlanColumn Text(const std::string& name, const std::string& label,
                std::uint32_t type = oid::kText) {
  return {.name = name, .type = type, .label = label};
}
bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(CopyRulesPlan, facts_of_the_column_are_compiled_into_its_rule) {
  Source source;
  PlanColumn email = Text("email", "email", oid::kVarchar);
  email.typmod = 4 + 80;
  email.not_null = email.unique = email.alone = true;
  PlanColumn salary = Text("salary", "salary", oid::kNumeric);
  salary.typmod = ((12 << 16) | 2) + 4;
  source.Add("contact", {Key("id"), email, Text("code", "postal_code", 30000), salary,
                         Text("name", "full_name length=9", oid::kVarchar)});
  EXPECT_EQ(source.Of("contact", "email"), "email unique not_null length=80");
  EXPECT_EQ(source.Of("contact", "code"), "postal_code not_null length=20");
  EXPECT_EQ(source.Of("contact", "salary"), "salary length=10");
  EXPECT_EQ(source.Of("contact", "name"), "full_name length=9");
  EXPECT_EQ(source.Of("contact", "id"), "");
}

TEST(CopyRulesPlan, what_the_source_says_of_a_column_comes_before_what_the_program_compiles) {
  Source source;
  PlanRelation& contact =
      source.Add("contact", {Key("id"), Text("name", "full_name"), Text("town", "city")});
  source.ask = [&](std::uint32_t relation, const std::string& column) {
    EXPECT_EQ(relation, contact.oid);
    return column == "name" ? std::optional<std::string>("full_name length=7") : std::nullopt;
  };
  EXPECT_EQ(source.Of("contact", "name"), "full_name length=7");
  EXPECT_EQ(source.Of("contact", "town"), "city");
  source.ask = [](std::uint32_t, const std::string&) -> std::optional<std::string> {
    throw Fault(ExitCode::kConfiguration, "does not fit", "a check");
  };
  EXPECT_EQ(source.Of("contact", "name"), "full_name") << "an erasure's checks are no fake's";
  source.options.profile = Profile::kErase;
  EXPECT_TRUE(Has(source.Fails(), "crm.contact.name: a check")) << source.Fails();
}

TEST(CopyRulesPlan, a_column_without_classification_stops_the_copy_with_a_list) {
  Source source;
  source.Add("contact", {Key("id"), Text("name", ""), Text("town", "city"), Text("note", "")});
  EXPECT_TRUE(Has(source.Fails(),
                  "2 columns have no classification: crm.contact.name; "
                  "crm.contact.note."))
      << source.Fails();
  source.options.unclassified = Unclassified::kKeep;
  EXPECT_EQ(source.Of("contact", "name"), "");
  source.options.unclassified = Unclassified::kNull;
  EXPECT_EQ(source.Of("contact", "name"), "NULL");
}

TEST(CopyRulesPlan, what_cannot_be_null_is_not_nulled) {
  Source source;
  PlanColumn required = Text("name", "");
  required.not_null = true;
  PlanColumn code = Text("code", "");
  code.unique = code.alone = true;
  PlanRelation& contact = source.Add("contact", {Key("id"), required, code, Text("x", "", 30000)});
  PlanRelation& note = source.Add("note", {Key("id"), Text("code", "")});
  source.Refer(note, "code", contact, "code");
  source.options.unclassified = Unclassified::kNull;
  EXPECT_TRUE(Has(source.Fails(), "crm.contact.name: it has no classification, and NOT NULL"));
  EXPECT_TRUE(Has(source.Fails(), "crm.contact.x: it has no classification, and NOT NULL"));
  EXPECT_TRUE(Has(source.Fails(), "crm.contact.code: it has no classification, and other rows"));
  EXPECT_FALSE(Has(source.Fails(), "crm.note"));
}

TEST(CopyRulesPlan, keys_references_links_and_discriminators_need_no_classification) {
  Source source;
  PlanRelation& contact = source.Add("contact", {Key("id"), Text("email", "email")});
  PlanRelation& order = source.Add("order", {Key("id"), Text("contact_id", "", oid::kInt4)});
  source.Refer(order, "contact_id", contact, "id");
  source.Add("note", {Key("id"), Text("of_kind", ""), Text("of_id", "", oid::kInt4)});
  source.Add("letter", {Key("id"), Text("mail", "")});
  source.declared = Read(
      "SELECT gdpr.register_subject('contact', 'crm.contact', '{id}');"
      "SELECT gdpr.add_link('contact', 'crm.note', '{of_id}', discriminator => 'of_kind', "
      "discriminator_value => 'contact');"
      "SELECT gdpr.add_link('contact', 'crm.letter', '{mail}', parent_columns => '{email}');");
  EXPECT_EQ(source.Fails(), "1 columns have no classification: crm.letter.mail.")
      << "a link by e-mail repeats a value";
}

TEST(CopyRulesPlan, generated_columns_are_not_copied) {
  Source source;
  PlanColumn upper = Text("upper", "");
  upper.generated = true;
  source.Add("contact", {Key("id"), Text("name", "full_name"), upper});
  EXPECT_EQ(source.Of("contact", "upper"), "not there");
}

TEST(CopyRulesPlan, a_reference_changes_as_what_it_refers_to_through_chains_and_circles) {
  Source source;
  PlanColumn email = Text("email", "email");
  email.unique = email.alone = true;
  PlanRelation& contact = source.Add("contact", {Key("id"), email, Text("boss", "")});
  PlanRelation& note = source.Add("note", {Key("id"), Text("email", "")});
  PlanRelation& part = source.Add("part", {Key("id"), Text("email", "username")});
  source.Refer(contact, "boss", contact, "email");
  source.Refer(note, "email", contact, "email");
  source.Refer(part, "email", note, "email");
  source.Refer(contact, "email", part, "email");
  EXPECT_EQ(source.Of("contact", "boss"), "email unique");
  EXPECT_EQ(source.Of("note", "email"), source.Of("part", "email"));
}

TEST(CopyRulesPlan, a_classified_reference_to_a_column_that_stays_would_break) {
  Source source;
  PlanRelation& contact = source.Add("contact", {Key("id")});
  PlanRelation& note =
      source.Add("note", {Key("id"), Text("contact_id", "external_id", oid::kInt4)});
  source.Refer(note, "contact_id", contact, "id");
  EXPECT_TRUE(Has(source.Fails(),
                  "crm.note.contact_id: its rule changes it, but constraint "
                  "\"note_fkey\""))
      << source.Fails();
  source.catalog.relations.at(note.oid).columns[1].label = "external_id fake=null";
  EXPECT_EQ(source.Of("note", "contact_id"), "NULL") << "NULL refers to nothing";
}

TEST(CopyRulesPlan, a_reference_of_another_type_is_refused) {
  Source source;
  PlanRelation& contact = source.Add("contact", {Text("number", "external_id", oid::kInt8)});
  PlanRelation& note = source.Add("note", {Text("number", "", oid::kInt4)});
  source.Refer(note, "number", contact, "number");
  EXPECT_TRUE(Has(source.Fails(), "crm.note.number: it references a classified column of another"));
}

TEST(CopyRulesPlan, partitions_take_the_roots_rule_and_facts_and_the_root_is_no_table) {
  Source source;
  PlanRelation& root = source.Add("event", {Key("id"), Text("email", "email")});
  root.partitioned = true;
  PlanRelation& left = source.Add("event_1", {Key("id"), Text("email", "")});
  PlanRelation& right = source.Add("event_2", {Key("id"), Text("email", "")});
  left.partition = right.partition = true;
  left.columns[1].unique = true;
  source.Inherit(left, root);
  source.Inherit(right, root);
  EXPECT_EQ(source.Plan().size(), 2U);
  EXPECT_EQ(source.Of("event_1", "email"), "email unique");
  EXPECT_EQ(source.Of("event_2", "email"), "email unique") << "alike in all partitions";
  right.columns[1].label = "username";
  EXPECT_EQ(source.Of("event_2", "email"), "username") << "its own label comes first";
}

TEST(CopyRulesPlan, what_divides_a_table_into_partitions_stays_as_it_is_or_stops_the_run) {
  Source source;
  PlanRelation& root = source.Add("event", {Key("id"), Text("email", "email")});
  PlanRelation& leaf = source.Add("event_1", {Key("id"), Text("email", "")});
  root.partitioned = leaf.partition = root.columns[1].divides = true;
  source.Inherit(leaf, root);
  EXPECT_TRUE(Has(source.Fails(), "crm.event_1.email: its table is partitioned by it"));
  root.columns[1].label = "email fake=keep";
  EXPECT_EQ(source.Of("event_1", "email"), "");
}

TEST(CopyRulesPlan, a_unique_column_whose_values_would_meet_stops_the_run) {
  Source source;
  PlanColumn email = Text("email", "email", oid::kVarchar);
  email.unique = email.alone = true;
  source.Add("contact", {Key("id"), email});
  EXPECT_EQ(source.Of("contact", "email"), "email unique");
  source.options.profile = Profile::kMask;
  EXPECT_TRUE(Has(source.Fails(), "crm.contact.email: it is UNIQUE")) << source.Fails();
  source.options.profile = Profile::kFake;
  auto& column = source.catalog.relations.begin()->second.columns[1];
  column.typmod = 4 + 6;
  EXPECT_TRUE(Has(source.Fails(), "too short for values that stay so")) << source.Fails();
  column.alone = false;
  EXPECT_EQ(source.Of("contact", "email"), "email length=6") << "the index has other columns";
}

TEST(CopyRulesPlan, types_that_cannot_be_carried_are_refused_unless_they_go_to_null) {
  Source source;
  source.Add("a", {Key("id"), Text("of", "not_personal", 2205)});
  EXPECT_TRUE(Has(source.Fails(), "numbers of objects of this database"));
  source.catalog.relations.begin()->second.columns[1].label = "free_text fake=null";
  EXPECT_EQ(source.Of("a", "of"), "NULL");
  source.Add("b", {Key("id"), Text("old", "not_personal", 30001)});
  EXPECT_TRUE(Has(source.Fails(), "crm.b.old: its type cannot be sent in binary"));
}

TEST(CopyRulesPlan, a_type_without_a_treatment_becomes_null_or_stops_the_run) {
  Source source;
  PlanColumn pair = Text("pair", "free_text", 30002);
  PlanRelation& contact = source.Add("contact", {Key("id"), pair});
  EXPECT_EQ(source.Of("contact", "pair"), "NULL");
  contact.columns[1].not_null = true;
  EXPECT_TRUE(Has(source.Fails(), "its type has no treatment but null, and it is NOT NULL"));
}

TEST(CopyRulesPlan, by_person_gives_identifiers_their_uniqueness) {
  Source source;
  source.Add("contact", {Key("id"), Text("email", "email"), Text("name", "full_name")});
  source.options.by_person = true;
  EXPECT_EQ(source.Of("contact", "email"), "email unique");
  EXPECT_EQ(source.Of("contact", "name"), "full_name");
}

TEST(CopyRulesPlan, schemas_and_tables_that_are_named_must_be_there) {
  Source source;
  PlanRelation& root = source.Add("event", {Key("id")});
  root.partitioned = true;
  PlanRelation& leaf = source.Add("event_1", {Key("id"), Text("x", "")});
  leaf.partition = true;
  source.Inherit(leaf, root);
  source.Add("contact", {Key("id")});
  source.options.exclude_tables = {"crm.event"};
  EXPECT_EQ(source.Plan().size(), 1U) << "its partitions are meant too";
  source.options.exclude_tables = {"crm.events"};
  EXPECT_TRUE(Has(source.Fails(), "--exclude-table crm.events names nothing"));
  source.options.exclude_tables = {};
  source.options.schemas = {"sales"};
  EXPECT_TRUE(Has(source.Fails(), "--schema sales names nothing"));
}

TEST(CopyRulesPlan, a_pack_stands_in_the_place_of_labels_and_must_fit_the_source) {
  Source source;
  source.Add("contact", {Key("id"), Text("email", "username"), Text("town", "city")});
  const auto apply = [&](std::string_view text) { ApplyPack(Read(text), "f", source.catalog); };
  apply("SELECT gdpr.classify('contact', 'email', 'email');");
  EXPECT_EQ(source.Fails(), "1 columns have no classification: crm.contact.town.");
  EXPECT_THROW(apply("SELECT gdpr.classify('crm.contact', 'mail', 'email');"), Fault);
  EXPECT_THROW(apply("SELECT gdpr.classify('crm.people', 'email', 'email');"), Fault);
}

TEST(CopyRulesPlan, the_column_of_kind_country_says_the_rows_locale) {
  Source source;
  source.Add("contact", {Key("id"), Text("land", "country"), Text("town", "city")});
  EXPECT_EQ(source.Plan()[0].country_column, "land");
}

TEST(CopyRulesPlan, bounds_are_told_for_what_must_stay_unique) {
  Source source;
  PlanColumn email = Text("email", "email");
  email.unique = email.alone = true;
  PlanRelation& contact = source.Add("contact", {Key("id"), email, Text("town", "city")});
  contact.rows = 1'000'000;
  const auto bounds = UniqueBounds(source.Plan(), source.types, Profile::kFake);
  ASSERT_EQ(bounds.size(), 1U);
  EXPECT_EQ(bounds[0].column, "email");
  EXPECT_GE(bounds[0].room.bits, 80);
  EXPECT_LT(bounds[0].collision, 1e-11);
}

}  // namespace
}  // namespace gdpr::batch
