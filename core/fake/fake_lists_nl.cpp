// SPDX-License-Identifier: PostgreSQL
// Sources and licences: core/fake/data/README.md and core/fake/data/LICENSE.
#include "fake_lists.hpp"

namespace gdpr::fake {
namespace {

// clang-format off
constexpr char kFirstNamesFemale[] =
#include "data/nl_first_names_female.inc"
;
constexpr char kFirstNamesMale[] =
#include "data/nl_first_names_male.inc"
;
constexpr char kLastNames[] =
#include "data/nl_last_names.inc"
;
constexpr char kTitlesFemale[] =
#include "data/nl_titles_female.inc"
;
constexpr char kTitlesMale[] =
#include "data/nl_titles_male.inc"
;
constexpr char kNationalities[] =
#include "data/nl_nationalities.inc"
;
constexpr char kMaritalStates[] =
#include "data/nl_marital_states.inc"
;
constexpr char kStreets[] =
#include "data/nl_streets.inc"
;
constexpr char kCities[] =
#include "data/nl_cities.inc"
;
constexpr char kRegions[] =
#include "data/nl_regions.inc"
;
constexpr char kCountries[] =
#include "data/nl_countries.inc"
;
constexpr char kCompanyWords[] =
#include "data/nl_company_words.inc"
;
constexpr char kCompanyForms[] =
#include "data/nl_company_forms.inc"
;
constexpr char kJobs[] =
#include "data/nl_jobs.inc"
;
constexpr char kNouns[] =
#include "data/nl_nouns.inc"
;
constexpr char kSentences[] =
#include "data/nl_sentences.inc"
;
constexpr char kHealth[] =
#include "data/nl_health.inc"
;
constexpr char kReligions[] =
#include "data/nl_religions.inc"
;
constexpr char kEthnicities[] =
#include "data/nl_ethnicities.inc"
;
constexpr char kPolitics[] =
#include "data/nl_politics.inc"
;
constexpr char kUnions[] =
#include "data/nl_unions.inc"
;
constexpr char kSexualities[] =
#include "data/nl_sexualities.inc"
;
constexpr char kOffences[] =
#include "data/nl_offences.inc"
;
// clang-format on

}  // namespace

constinit const Lists kListsNl = {
    .first_names_female = kListOf<kFirstNamesFemale>,
    .first_names_male = kListOf<kFirstNamesMale>,
    .last_names_female = kListOf<kLastNames>,
    .last_names_male = kListOf<kLastNames>,
    .titles_female = kListOf<kTitlesFemale>,
    .titles_male = kListOf<kTitlesMale>,
    .nationalities = kListOf<kNationalities>,
    .marital_states = kListOf<kMaritalStates>,
    .streets = kListOf<kStreets>,
    .cities = kListOf<kCities>,
    .regions = kListOf<kRegions>,
    .countries = kListOf<kCountries>,
    .company_words = kListOf<kCompanyWords>,
    .company_forms = kListOf<kCompanyForms>,
    .jobs = kListOf<kJobs>,
    .nouns = kListOf<kNouns>,
    .sentences = kListOf<kSentences>,
    .health = kListOf<kHealth>,
    .religions = kListOf<kReligions>,
    .ethnicities = kListOf<kEthnicities>,
    .politics = kListOf<kPolitics>,
    .unions = kListOf<kUnions>,
    .sexualities = kListOf<kSexualities>,
    .offences = kListOf<kOffences>,
};

}  // namespace gdpr::fake
