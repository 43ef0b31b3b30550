// SPDX-License-Identifier: PostgreSQL
#define GDPR_LOCALE it
#define GDPR_LISTS kListsIt
#include "fake_lists_of.inc"
