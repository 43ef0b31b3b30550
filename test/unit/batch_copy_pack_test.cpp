// SPDX-License-Identifier: PostgreSQL
// Rules in a file: read, and never executed.
#include <gtest/gtest.h>

#include "batch/copy/copy_rules_pack.hpp"
#include "batch/output/fault.hpp"

namespace gdpr::batch {
namespace {

Pack Read(std::string_view text) {
  return ParsePack(text, "rules.sql");
}

std::string Refused(std::string_view text) {
  try {
    Read(text);
  } catch (const Fault& fault) {
    return std::string(fault.what()) + ": " + fault.detail();
  }
  return "read";
}

TEST(CopyRulesPack, both_forms_of_a_rule_say_the_same) {
  const Pack pack = Read(
      "-- a pack\n"
      "SELECT gdpr.classify('crm.contact', 'email', 'email');\n"
      "SECURITY LABEL FOR gdpr ON COLUMN crm.contact.email IS 'email';\n"
      "security label for \"gdpr\" on column CRM.Contact.EMail is 'email unique';\n"
      "SELECT gdpr.classify('\"Crm\".\"a \"\"b\"', 'E Mail', 'free_text erase=constant(''x'')');");
  ASSERT_EQ(pack.rules.size(), 4U);
  EXPECT_EQ(pack.rules[0].relation, (PackName{"crm", "contact"}));
  EXPECT_EQ(pack.rules[0].relation, pack.rules[1].relation);
  EXPECT_EQ(pack.rules[0].rule, pack.rules[1].rule);
  EXPECT_EQ(pack.rules[2].relation, (PackName{"crm", "contact"}));
  EXPECT_EQ(pack.rules[2].column, "email");
  EXPECT_EQ(pack.rules[2].rule, "email unique");
  EXPECT_EQ(pack.rules[3].relation, (PackName{"Crm", "a \"b"}));
  EXPECT_EQ(pack.rules[3].column, "E Mail");
  EXPECT_EQ(pack.rules[3].rule, "free_text erase=constant('x')");
  EXPECT_EQ(pack.rules[3].line, 5);
}

TEST(CopyRulesPack, a_list_of_values_is_a_rule_for_each) {
  const Pack pack = Read(
      "BEGIN;\nSELECT gdpr.classify('public.customer', c, r) FROM (VALUES\n"
      "  ('first_name', 'first_name'),  -- of the person\n"
      "  ('active', 'not_personal')\n) AS t (c, r);\nCOMMIT;\n");
  ASSERT_EQ(pack.rules.size(), 2U);
  EXPECT_EQ(pack.rules[1].column, "active");
  EXPECT_EQ(pack.rules[1].line, 4);
}

TEST(CopyRulesPack, subjects_and_links_are_kept_for_their_columns_and_the_rest_is_passed_over) {
  const Pack pack = Read(
      "SELECT gdpr.register_subject('contact', 'crm.contact', '{id}', anonymization => false);\n"
      "SELECT gdpr.add_link('contact', 'crm.note', '{kind_id,\"Key\"}', parent => 'crm.thing', "
      "parent_columns => '{a,b}', discriminator => 'kind', discriminator_value => 'contact');\n"
      "SELECT gdpr.add_blocker('contact', 'open', 'crm.open', 'contact_id');\n"
      "SELECT gdpr.add_form('terms', E'first line\nsecond \\\\ line; SELECT 1', version => 3);\n");
  ASSERT_EQ(pack.subjects.size(), 1U);
  EXPECT_EQ(pack.subjects[0].key, std::vector<std::string>{"id"});
  ASSERT_EQ(pack.links.size(), 1U);
  EXPECT_EQ(pack.links[0].columns, (std::vector<std::string>{"kind_id", "Key"}));
  EXPECT_EQ(pack.links[0].parent, (PackName{"crm", "thing"}));
  EXPECT_EQ(pack.links[0].discriminator, "kind");
  EXPECT_TRUE(pack.rules.empty());
}

TEST(CopyRulesPack, whatever_is_no_declaration_is_refused_with_its_line) {
  const std::pair<const char*, const char*> refused[] = {
      {"SELECT 1;", "line 1"},
      {"\n\nDROP TABLE crm.contact;", "line 3"},
      {"SELECT gdpr.classify('a', 'b', 'email'); \\! rm -rf /", "line 1"},
      {"SELECT gdpr.classify('a', 'b', 'e-mail');", "unknown kind"},
      {"SELECT gdpr.classify('a', 'b', 'email') FROM pg_class;", "expected"},
      {"SELECT gdpr.classify('a', lower('b'), 'email');", "expected"},
      {"SELECT gdpr.classify('a.b.c', 'b', 'email');", "a table's name"},
      {"SELECT gdpr.anonymize_subject('contact', '1', 'x');", "declares no rule"},
      {"SELECT pg_catalog.pg_sleep(1);", "schema gdpr"},
      {"SECURITY LABEL FOR anon ON COLUMN a.b IS 'MASKED WITH VALUE NULL';", "others"},
      {"SECURITY LABEL FOR gdpr ON TABLE a IS 'email';", "column"},
      {"SELECT gdpr.classify('a', 'b', 'email')\nSELECT 2;", "line 2"},
      {"SELECT gdpr.classify('a', 'b", "expected"},
      {"SELECT gdpr.classify('a', 'b', $$email", "expected"},
      {"DO $$ BEGIN END $$;", "unknown statement"}};
  for (const auto& [text, message] : refused) {
    EXPECT_NE(Refused(text).find(message), std::string::npos) << text << ": " << Refused(text);
  }
}

}  // namespace
}  // namespace gdpr::batch
