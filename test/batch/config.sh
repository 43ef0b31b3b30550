# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# batch/gdpr-batch.toml: every option of every verb stands in it, explained, and can be set as it stands there; the units of
# systemd are sound.

sample=batch/gdpr-batch.toml
# options VERB: its long options, one a line.
options() {
  "$GDPR_BATCH" "$1" --help | grep -oE '^ +(-[a-zA-Z],)?--[a-z][a-z-]*' | grep -oE -- '--.*' | cut -c3- | grep -vxE 'help|config'
}
# keys SECTION: the keys of a section of the sample; of "": those above all sections.
keys() { awk -v section="$1" '/^\[/ { now = substr($0, 2, length($0) - 2) } now == section && /^#[a-z-]+ = / { print substr($1, 2) }' "$sample"; }

verbs=$("$GDPR_BATCH" --help | awk '/^Subcommands:/ { on = 1; next } on && /^  [a-z]/ { print $1 }')
like "the program says which verbs there are" "$(xargs <<<"$verbs")" 'anonymize.*nightly.*verify'
missing= known=
for verb in $verbs; do
  named=$(keys "$verb"; keys "")
  for option in $(options "$verb"); do
    known+=" $verb.$option"
    # Which database is a copy is said each time, by hand.
    case $verb.$option in anonymize.profile|anonymize.staging-database|anonymize.drop-records) continue ;; esac
    grep -qx -- "$option" <<<"$named" || missing+=" $verb.$option"
  done
done
is "every option of every verb stands in the sample" "$missing" ""
strange=
for verb in $verbs; do
  for key in $(keys "$verb"); do
    case "$known " in *" $verb.$key "*) ;; *) strange+=" $verb.$key" ;; esac
  done
done
is "every key of a section is an option of its verb" "$strange" ""
is "nothing is set in it" "$(grep -vE '^(#|\[|$)' "$sample")" ""
PGHOST=/nowhere gdpr_batch status --config "$sample" --patience 0
is "it is read as it is" "$code" 3

# Each line alone, for the first verb that knows it, and then the server is not there: that far comes only who has read it.
bad= tried=0 section=
try() {  # try VERB LINE [SECTION]
  printf '%s\n' ${3:+"[$3]"} "${2#\#}" >"$work/one.toml"
  PGHOST=/nowhere gdpr_batch "$1" --config "$work/one.toml" --patience 0 </dev/null
  case $err in *"config file"*) bad+=" $1: ${2#\#} (${err:0:300})" ;; esac
  tried=$((tried + 1))
}
while IFS= read -r line; do
  case $line in
    "["*) section=${line//[][]/} ;;
    *)
      key=${line%% =*} key=${key#\#}
      for verb in ${section:-$verbs}; do
        case "$known " in *" $verb.$key "*) try "$verb" "$line" "$section"; break ;; esac
      done ;;
  esac
done < <(grep -E '^(\[|#[a-z-]+ = )' "$sample")
is "every line of it can be set" "$bad" ""
printf '[anonymize]\nstaging-database = "crm"\n' >"$work/one.toml"
PGHOST=/nowhere gdpr_batch anonymize --config "$work/one.toml" --patience 0 </dev/null
like "which database is a copy cannot be said in it" "$code $err" '^2 .*unknown key'
ok "those are all of them" test "$tried" -ge "$(grep -cE '^#[a-z-]+ = ' "$sample")"

# unit FILE: what systemd thinks of it, where it is there.
if command -v systemd-analyze >/dev/null; then
  sed -E 's#^ExecStart=[^ ]*#ExecStart=/bin/true#; s/^(User|Group)=.*/\1=root/' batch/systemd/gdpr-batch-nightly.service >"$work/gdpr-batch-nightly.service"
  cp batch/systemd/gdpr-batch-nightly.timer "$work/"
  is "systemd has nothing to say about the units" \
    "$(systemd-analyze verify "$work/gdpr-batch-nightly.timer" "$work/gdpr-batch-nightly.service" 2>&1 | grep gdpr-batch)" ""
else
  note "systemd-analyze is not here: the units are not looked at"
fi
