// SPDX-License-Identifier: PostgreSQL
#define GDPR_LOCALE en
#define GDPR_LISTS kListsEn
#include "fake_lists_of.inc"
