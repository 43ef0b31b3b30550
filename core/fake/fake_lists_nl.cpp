// SPDX-License-Identifier: PostgreSQL
#define GDPR_LOCALE nl
#define GDPR_LISTS kListsNl
#include "fake_lists_of.inc"
