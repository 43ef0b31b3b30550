// SPDX-License-Identifier: PostgreSQL
// The guard trigger: a frozen person's rows do not change, and no new row reaches the person.
#include "extension/src/freeze.hpp"

#include "extension/src/access_plan.hpp"
#include "extension/src/guard_cast.hpp"
#include "extension/src/guard_config.hpp"
#include "extension/src/key.hpp"
#include "extension/src/owner.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr int kErrorFrozen = MAKE_SQLSTATE('P', 'D', '0', '0', '1');

// A link's values in one row, as the parent has them.
struct LinkValues {
  Datum values[INDEX_MAX_KEYS];
  bool complete;  ///< false: the row belongs to nobody by this link
};

struct Firing {
  TriggerData* trigger;
  bool after;  ///< the row is written: it can be refused, not redirected
  Guard* guard;
  Relation relation;
  TupleDesc desc;
  HeapTuple old_row;
  HeapTuple new_row;
};

// The link's values of a row, and whether it is such a link at all.
void ReadLink(const Firing& firing, GuardTarget* target, HeapTuple row, LinkValues* link) {
  link->complete = false;
  bool isnull;
  if (target->discriminator != 0) {
    Datum value = heap_getattr(row, target->discriminator, firing.desc, &isnull);
    if (isnull) return;
    char* text = TextFormOf(&target->discriminator_form, DEFAULT_COLLATION_OID, value);
    if (strcmp(text, target->discriminator_value) != 0) return;
  }
  for (int i = 0; i < target->column_count; i++) {
    LinkColumn* column = &target->columns[i];
    link->values[i] = heap_getattr(row, column->number, firing.desc, &isnull);
    if (isnull) return;
    if (column->type == column->parent_type) continue;
    char* text = TextFormOf(&column->own_form, DEFAULT_COLLATION_OID, link->values[i]);
    if (!ToParentType(column, text, &link->values[i])) return;
  }
  link->complete = true;
}

bool SameColumns(const Firing& firing, const GuardTarget* target) {
  AttrNumber numbers[INDEX_MAX_KEYS + 1];
  int count = 0;
  for (int i = 0; i < target->column_count; i++) numbers[count++] = target->columns[i].number;
  if (target->discriminator != 0) numbers[count++] = target->discriminator;
  for (int i = 0; i < count; i++) {
    bool old_null;
    bool new_null;
    Datum before = heap_getattr(firing.old_row, numbers[i], firing.desc, &old_null);
    Datum after = heap_getattr(firing.new_row, numbers[i], firing.desc, &new_null);
    Form_pg_attribute column = TupleDescAttr(firing.desc, numbers[i] - 1);
    if (old_null != new_null) return false;
    if (!old_null && !datum_image_eq(before, after, column->attbyval, column->attlen)) return false;
  }
  return true;
}

// SELECT text of the key FROM parent WHERE column = $1 … [FOR KEY SHARE]
SPIPlanPtr PrepareParentPlan(const GuardTarget* target, bool locks) {
  StringInfoData query;
  StringInfoData where;
  initStringInfo(&query);
  initStringInfo(&where);
  Oid types[INDEX_MAX_KEYS];
  appendStringInfoString(&query, target->column_count > 1 ? "SELECT ROW(" : "SELECT (");
  for (int i = 0; i < target->column_count; i++) {
    const LinkColumn* column = &target->columns[i];
    const char* name = quote_identifier(column->parent_column);
    TypeCacheEntry* type = lookup_type_cache(column->parent_type, TYPECACHE_EQ_OPR);
    if (!OidIsValid(type->eq_opr)) {
      ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
                      errmsg("type %s of a link's column has no equality operator",
                             format_type_be(column->parent_type))));
    }
    types[i] = column->parent_type;
    appendStringInfo(&query, "%sp.%s", i > 0 ? ", " : "", name);
    appendStringInfo(&where, "%sp.%s %s $%d", i > 0 ? " AND " : "", name,
                     EqualityOperator(type->eq_opr), i + 1);
  }
  appendStringInfo(&query, ")::pg_catalog.text FROM %s AS p WHERE %s%s", target->parent_name,
                   where.data, locks ? " FOR KEY SHARE" : "");
  SPIPlanPtr plan = SPI_prepare(query.data, target->column_count, types);
  if (plan == nullptr) elog(ERROR, "could not prepare: %s", SPI_result_code_string(SPI_result));
  SPI_keepplan(plan);
  return plan;
}

// The parent rows' own texts of the key. With a lock, an erasure of the person waits for us, or has
// been done when we go on.
List* ReadParents(GuardTarget* target, LinkValues* link, bool locks) {
  MemoryContext context = CurrentMemoryContext;
  List* texts = NIL;
  if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
  SPIPlanPtr* plan = locks ? &target->lock_plan : &target->look_plan;
  if (*plan == nullptr) *plan = PrepareParentPlan(target, locks);
  int code = LookUp(*plan, link->values, false);
  if (code != SPI_OK_SELECT) elog(ERROR, "could not read: %s", SPI_result_code_string(code));
  if (target->loose) {
    MemoryContext own = MemoryContextSwitchTo(context);
    for (uint64 i = 0; i < SPI_processed; i++) {
      texts = lappend(texts, SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
    }
    MemoryContextSwitchTo(own);
  }
  SPI_finish();
  return texts;
}

// The canonical text of the link's values: column::text, or ROW(…)::text of several.
char* CanonicalText(GuardTarget* target, LinkValues* link) {
  if (target->column_count == 1) {
    return TextFormOf(&target->columns[0].parent_form, DEFAULT_COLLATION_OID, link->values[0]);
  }
  bool nulls[INDEX_MAX_KEYS] = {};
  TupleDesc desc = CreateTemplateTupleDesc(target->column_count);
  for (int i = 0; i < target->column_count; i++) {
    TupleDescInitEntry(desc, static_cast<AttrNumber>(i + 1), "f", target->columns[i].parent_type,
                       -1, 0);
  }
  desc = BlessTupleDesc(desc);
  Datum row = HeapTupleGetDatum(heap_form_tuple(desc, link->values, nulls));
  return OidOutputFunctionCall(F_RECORD_OUT, row);
}

// Whether the index has (first, second), seen with a snapshot of this very moment: what was
// committed while we waited for the lock counts.
bool Probe(Oid table, Oid index, Datum first, RegProcedure first_equal, Datum second) {
  Relation heap = table_open(table, AccessShareLock);
  Relation key = index_open(index, AccessShareLock);
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  ScanKeyData keys[2];
  ScanKeyEntryInitialize(&keys[0], 0, 1, BTEqualStrategyNumber, InvalidOid, key->rd_indcollation[0],
                         first_equal, first);
  ScanKeyEntryInitialize(&keys[1], 0, 2, BTEqualStrategyNumber, InvalidOid, key->rd_indcollation[1],
                         F_TEXTEQ, second);
  IndexScanDesc scan = BeginIndexScan(heap, key, snapshot, 2);
  index_rescan(scan, keys, 2, nullptr, 0);
  TupleTableSlot* slot = table_slot_create(heap, nullptr);
  bool found = index_getnext_slot(scan, ForwardScanDirection, slot);
  ExecDropSingleTupleTableSlot(slot);
  index_endscan(scan);
  UnregisterSnapshot(snapshot);
  index_close(key, AccessShareLock);
  table_close(heap, AccessShareLock);
  return found;
}

bool IsFrozenKey(Guard* guard, GuardTarget* target, char* key) {
  text* stored = target->digest_domain != nullptr ? KeyedDigestOf(target->digest_domain, key)
                                                  : cstring_to_text(key);
  if (target->by_value) {
    return Probe(guard->frozen_value, guard->frozen_value_index, Int32GetDatum(target->link),
                 F_INT4EQ, PointerGetDatum(stored));
  }
  return Probe(guard->frozen, guard->frozen_index, CStringGetTextDatum(target->subject_type),
               F_TEXTEQ, PointerGetDatum(stored));
}

// By the row's own values, and where equal values may be spelled differently by the parent's.
bool IsFrozen(Guard* guard, GuardTarget* target, LinkValues* link, List* parents) {
  if (IsFrozenKey(guard, target, CanonicalText(target, link))) return true;
  ListCell* cell;
  foreach (cell, parents) {
    auto* key = static_cast<char*>(lfirst(cell));
    if (key != nullptr && IsFrozenKey(guard, target, key)) return true;
  }
  return false;
}

// What a row says about one target, before and after.
struct Links {
  LinkValues before;
  LinkValues after;
  bool moves;  // the row arrives, or its link changes
};

// Runs as the relation's owner: the casts of its columns are the owner's code.
void ReadLinks(const Firing& firing, GuardTarget* target, void* result) {
  auto* links = static_cast<Links*>(result);
  links->before.complete = links->after.complete = false;
  if (firing.old_row != nullptr) ReadLink(firing, target, firing.old_row, &links->before);
  links->moves =
      firing.new_row != nullptr && (firing.old_row == nullptr || !SameColumns(firing, target));
  if (links->moves) ReadLink(firing, target, firing.new_row, &links->after);
}

enum class Verdict { kFree, kOldFrozen, kNewFrozen };

struct Judgement {
  Links links;
  Verdict verdict;
};

// Runs as the parent's owner: equality and text form of its columns are that owner's code.
void JudgeLinks(const Firing& firing, GuardTarget* target, void* result) {
  auto* judgement = static_cast<Judgement*>(result);
  Links* links = &judgement->links;
  bool has_parent = OidIsValid(target->parent);
  List* parents = NIL;
  judgement->verdict = Verdict::kFree;
  if (links->before.complete) {
    if (has_parent && target->loose) parents = ReadParents(target, &links->before, false);
    if (IsFrozen(firing.guard, target, &links->before, parents)) {
      judgement->verdict = Verdict::kOldFrozen;
      return;
    }
  }
  // A row that stays where it is needs no lock: its own row lock orders us with an erasure, and a
  // lock on the parent after it could deadlock
  if (!links->after.complete) return;
  parents = has_parent ? ReadParents(target, &links->after, true) : NIL;
  if (IsFrozen(firing.guard, target, &links->after, parents)) {
    judgement->verdict = Verdict::kNewFrozen;
  }
}

using Work = void (*)(const Firing&, GuardTarget*, void*);

// Runs work that may call users' code as the owner of a relation, and no error of it quotes a
// value.
void RunAsOwner(Oid relation, const char* name, const Firing& firing, GuardTarget* target,
                Work work, void* result) {
  MemoryContext context = CurrentMemoryContext;
  ErrorContextCallback* outside = error_context_stack;
  OwnerScope scope;
  int nest_level = target->pinned ? NewGUCNestLevel() : 0;
  EnterOwner(scope, relation, false);
  PG_TRY();
  {
    error_context_stack = nullptr;  // as in Execute()
    if (target->pinned) {
      UseOwnersPath(scope.owner);
      UseCanonicalForms();
    }
    work(firing, target, result);
  }
  PG_CATCH();
  {
    LeaveOwner(scope);
    ThrowScrubbed(context, name);
  }
  PG_END_TRY();
  error_context_stack = outside;
  if (target->pinned) AtEOXact_GUC(false, nest_level);
  LeaveOwner(scope);
}

Verdict Judge(const Firing& firing, GuardTarget* target) {
  Oid relation = RelationGetRelid(firing.relation);
  const char* name = RelationGetRelationName(firing.relation);
  Judgement judgement;
  RunAsOwner(relation, name, firing, target, ReadLinks, &judgement.links);
  if (!judgement.links.before.complete && !judgement.links.after.complete) return Verdict::kFree;
  bool own = !OidIsValid(target->parent);
  RunAsOwner(own ? relation : target->parent, own ? name : target->parent_name, firing, target,
             JudgeLinks, &judgement);
  return judgement.verdict;
}

bool IsLinkColumn(const GuardTarget* target, AttrNumber number) {
  for (int i = 0; i < target->column_count; i++) {
    if (target->columns[i].number == number) return true;
  }
  return false;
}

// Makes the redirects' values. Runs as the relation's owner: a domain's check is the owner's code.
void ReadRedirectValues(const Firing& firing, GuardTarget* target, void*) {
  for (int i = 0; i < target->redirect_count; i++) {
    Redirect* redirect = &target->redirects[i];
    if (redirect->known || !IsLinkColumn(target, redirect->number)) continue;
    Form_pg_attribute column = TupleDescAttr(firing.desc, redirect->number - 1);
    Oid input;
    Oid param;
    getTypeInputInfo(column->atttypid, &input, &param);
    Datum value = OidInputFunctionCall(input, redirect->text, param, column->atttypmod);
    MemoryContext old = MemoryContextSwitchTo(firing.guard->context);
    redirect->value = datumCopy(value, column->attbyval, column->attlen);
    MemoryContextSwitchTo(old);
    redirect->known = true;
  }
}

// The new row with the redirects of the target's columns; NULL when there are none.
HeapTuple Redirected(const Firing& firing, GuardTarget* target) {
  if (target->redirect_count == 0) return nullptr;
  RunAsOwner(RelationGetRelid(firing.relation), RelationGetRelationName(firing.relation), firing,
             target, ReadRedirectValues, nullptr);
  HeapTuple row = nullptr;
  for (int i = 0; i < target->redirect_count; i++) {
    Redirect* redirect = &target->redirects[i];
    if (!redirect->known) continue;
    int number = redirect->number;
    bool isnull = false;
    row = heap_modify_tuple_by_cols(row != nullptr ? row : firing.new_row, firing.desc, 1, &number,
                                    &redirect->value, &isnull);
  }
  return row;
}

[[noreturn]] void Refuse(const Firing& firing, const GuardTarget* target) {
  const char* name = RelationGetRelationName(firing.relation);
  const char* schema = get_namespace_name(RelationGetNamespace(firing.relation));
  ereport(ERROR,
          (errcode(kErrorFrozen),
           errmsg("row of relation \"%s.%s\" belongs to a frozen \"%s\"", schema, name,
                  target->subject_type),
           errdetail("The person was anonymized; rows about the person neither change nor "
                     "arrive any more."),
           errhint("Skip frozen people: gdpr.is_frozen('%s', key) tells.", target->subject_type),
           err_generic_string(PG_DIAG_SCHEMA_NAME, schema),
           err_generic_string(PG_DIAG_TABLE_NAME, name)));
  pg_unreachable();
}

HeapTuple Check(Firing* firing) {
  Guard* guard = firing->guard;
  for (int i = 0; i < guard->count; i++) {
    GuardTarget* target = &guard->targets[i];
    switch (Judge(*firing, target)) {
      case Verdict::kFree:
        continue;
      case Verdict::kOldFrozen:
        Refuse(*firing, target);
      case Verdict::kNewFrozen:
        HeapTuple row = firing->after ? nullptr : Redirected(*firing, target);
        if (row == nullptr) Refuse(*firing, target);
        firing->new_row = row;
        // The place it goes to must not be frozen either
        if (Judge(*firing, target) != Verdict::kFree) Refuse(*firing, target);
    }
  }
  return firing->new_row != nullptr ? firing->new_row : firing->old_row;
}

}  // namespace

void RegisterFreeze() {
  RegisterGuardCache();
}

}  // namespace gdpr::pg

using namespace gdpr::pg;

// gdpr.guard(): BEFORE INSERT OR UPDATE OR DELETE FOR EACH ROW, and again AFTER where a link column
// is generated or a later trigger may change it
GDPR_FUNCTION(gdpr_guard) {
  if (!CALLED_AS_TRIGGER(fcinfo)) {
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("gdpr.guard() can only be called as a trigger")));
  }
  auto* trigger = reinterpret_cast<TriggerData*>(fcinfo->context);
  TriggerEvent event = trigger->tg_event;
  bool after = TRIGGER_FIRED_AFTER(event) && !TRIGGER_FIRED_BY_DELETE(event);
  if (!(TRIGGER_FIRED_BEFORE(event) || after) || !TRIGGER_FIRED_FOR_ROW(event)) {
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("gdpr.guard() must be fired before or after each row")));
  }
  bool inserts = TRIGGER_FIRED_BY_INSERT(event);
  bool updates = TRIGGER_FIRED_BY_UPDATE(event);
  HeapTuple row = updates ? trigger->tg_newtuple : trigger->tg_trigtuple;
  if (EngineAtWork(trigger->tg_relation)) return PointerGetDatum(row);

  Firing firing{};
  firing.trigger = trigger;
  firing.after = after;
  firing.relation = trigger->tg_relation;
  firing.desc = RelationGetDescr(trigger->tg_relation);
  firing.old_row = inserts ? nullptr : trigger->tg_trigtuple;
  firing.new_row = inserts ? trigger->tg_trigtuple : updates ? trigger->tg_newtuple : nullptr;
  firing.guard = FindGuard(trigger->tg_relation);
  firing.guard->users++;
  row = Check(&firing);
  firing.guard->users--;
  return PointerGetDatum(row);
}

// gdpr_internal.guard_changed(relation oid): what is declared for it changed. Its leaves and
// children cache their own copy.
GDPR_FUNCTION(gdpr_guard_changed) {
  Oid relation = PG_GETARG_OID(0);
  if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation))) PG_RETURN_VOID();
  List* all = find_all_inheritors(relation, NoLock, nullptr);
  ListCell* cell;
  foreach (cell, all) CacheInvalidateRelcacheByRelid(lfirst_oid(cell));
  PG_RETURN_VOID();
}
