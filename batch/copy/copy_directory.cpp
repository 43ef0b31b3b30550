// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "batch/copy/copy_sha256.hpp"
#include "batch/copy/copy_stream.hpp"
#include "batch/output/fault.hpp"
#include "batch/output/out_file.hpp"
#include "batch/session/handshake.hpp"

namespace gdpr::batch {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

[[noreturn]] void Stop(const std::string& what) {
  throw Fault(ExitCode::kDatabase, what, std::strerror(errno));
}

void WriteFile(const std::string& path, std::string_view text) {
  OutFile file(path, /*secret=*/true);
  file.Write(text);
  file.Commit();
}

void SyncDirectory(const std::string& path) {
  const int directory = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return;
  fsync(directory);
  close(directory);
}

/// Throws unless it is a directory of our own: one that somebody else laid in our way would show
/// them the rows, and a link would send them elsewhere.
void RequireOwn(const std::string& path) {
  struct stat facts {};
  if (lstat(path.c_str(), &facts) != 0) Stop("could not make directory \"" + path + "\"");
  if (S_ISDIR(facts.st_mode) && facts.st_uid == geteuid() && (facts.st_mode & 077) == 0) return;
  throw Fault(ExitCode::kConfiguration, "\"" + path + "\" was there before, and is not ours alone",
              "It is a link, somebody else's, or open to others.",
              "Remove it, or copy into another directory.");
}

/// A whole directory is renamed to its place at the end; better to see now that it cannot be.
void RequireRenamable(const std::string& directory) {
  struct stat here {
  }, above{};
  const std::string parent = fs::absolute(directory).parent_path().string();
  if (stat(directory.c_str(), &here) != 0 || stat(parent.c_str(), &above) != 0) return;
  if (here.st_dev == above.st_dev) return;
  throw Fault(ExitCode::kConfiguration, "\"" + directory + "\" is a mount point",
              "A copy is made beside its place and renamed once it is whole.",
              "Name a directory within it.");
}

/// psql's \copy is one line, whatever its names hold.
void RequireOneLine(const CopyPlan& plan) {
  const auto has_end = [](const std::string& name) {
    return name.find_first_of("\r\n") != std::string::npos;
  };
  for (const CopyTable& table : plan.tables) {
    bool found = has_end(table.schema) || has_end(table.name);
    for (const CopyColumn& column : table.columns) found |= has_end(column.name);
    if (!found) continue;
    throw Fault(ExitCode::kConfiguration,
                "a table or column has a line end in its name, which psql could not load",
                "It is the table with oid " + std::to_string(table.oid) + " at the source.",
                "Leave it out with --exclude-table, rename it, or copy into a database.");
  }
}

/// A file's name: what any file system takes, and unlike any other's by its number.
std::string FileOf(const CopyTable& table, const CopyPart& part) {
  std::string name = table.schema + "." + table.name;
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && c != '.' && c != '_' && c != '-') c = '_';
  }
  name.resize(std::min<std::size_t>(name.size(), 120));
  return "data/" + std::to_string(table.oid) + "-" + name +
         (part.whole() ? "" : "." + std::to_string(part.number)) + ".copy";
}

Json ToJson(const DirectoryTarget::File& f) {
  return {{"schema", f.schema}, {"table", f.table}, {"part", f.part},   {"parts", f.parts},
          {"file", f.file},     {"rows", f.rows},   {"bytes", f.bytes}, {"sha256", f.sha256}};
}

/// A name that is no UTF-8 is not found again: the table is copied anew.
std::string LineOf(const DirectoryTarget::File& file) {
  return ToJson(file).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

DirectoryTarget::File FromJson(const Json& json) {
  DirectoryTarget::File f;
  json.at("schema").get_to(f.schema);
  json.at("table").get_to(f.table);
  json.at("part").get_to(f.part);
  json.at("parts").get_to(f.parts);
  json.at("file").get_to(f.file);
  json.at("rows").get_to(f.rows);
  json.at("bytes").get_to(f.bytes);
  json.at("sha256").get_to(f.sha256);
  return f;
}

class DirectoryLoader : public PartLoader {
 public:
  explicit DirectoryLoader(DirectoryTarget& target) : target_(target) {}

  std::optional<std::int64_t> Begin(const CopyTable& table, const CopyPart& part) override {
    facts_ = {};
    facts_.schema = table.schema;
    facts_.table = table.name;
    facts_.file = FileOf(table, part);
    facts_.part = part.number;
    facts_.parts = part.parts;
    digest_.emplace();
    file_.emplace(target_.PathOf(facts_.file), /*secret=*/true);
    Write(CopyHeader());
    return std::nullopt;
  }

  void Write(std::string_view tuples) override {
    digest_->Add(tuples);
    facts_.bytes += static_cast<std::int64_t>(tuples.size());
    file_->Write(tuples);
  }

  void End(std::int64_t rows) override {
    Write(CopyTrailer());
    facts_.rows = rows;
    facts_.sha256 = digest_->Hex();
    file_->Commit();
    target_.Add(std::move(facts_));
  }

 private:
  DirectoryTarget& target_;
  DirectoryTarget::File facts_;
  std::optional<Sha256> digest_;
  std::optional<OutFile> file_;
};

}  // namespace

DirectoryTarget::DirectoryTarget(const Options& options, std::string encoding)
    : options_(options), encoding_(std::move(encoding)), directory_(options.copy.to) {
  while (directory_.size() > 1 && directory_.ends_with('/')) directory_.pop_back();
  std::error_code error;
  if (fs::is_symlink(directory_, error) && fs::is_directory(directory_, error)) {
    directory_ = fs::canonical(directory_, error).string();
  }
  part_ = directory_ + ".part";
}

DirectoryTarget::~DirectoryTarget() {
  if (lock_ >= 0) close(lock_);
}

std::string DirectoryTarget::name() const {
  return "directory \"" + directory_ + "\"";
}

std::string DirectoryTarget::Occupied(const CopyPlan& /*plan*/) {
  std::error_code error;
  if (fs::exists(part_ + "/record", error)) return "an unfinished copy is in " + part_;
  if (!fs::exists(directory_, error)) return {};
  if (!fs::is_directory(directory_, error)) return "it is no directory";
  return fs::is_empty(directory_, error) ? "" : "files are in it";
}

/// One process at a time; the lock ends with it, however it ends.
void DirectoryTarget::Lock() {
  lock_ = open(PathOf("lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) Stop("could not make a file in \"" + part_ + "\"");
  if (flock(lock_, LOCK_EX | LOCK_NB) == 0) return;
  throw Fault(ExitCode::kConfiguration, "another gdpr-batch copies into " + name());
}

CopyState DirectoryTarget::Begin(const CopyPlan& plan, const std::string& digest, bool resume) {
  CopyState state;
  state.whole.resize(plan.tables.size());
  state.rows.resize(plan.tables.size());
  const bool there = fs::exists(part_ + "/record");
  state.resumed = resume && there;
  const std::string occupied = Occupied(plan);
  if (!state.resumed && !occupied.empty()) {
    throw Fault(ExitCode::kConfiguration, name() + " is not empty", occupied + ".",
                there    ? "Go on with --resume, or remove " + part_ + " and begin anew."
                : resume ? "There is no unfinished copy to go on with; name a new directory."
                         : "A copy makes a new directory and overwrites nothing.");
  }
  RequireRenamable(directory_);
  RequireOneLine(plan);
  std::error_code error;
  fs::create_directories(fs::absolute(part_).parent_path(), error);
  for (const std::string& made : {part_, PathOf("data")}) {
    if (mkdir(made.c_str(), 0700) != 0 && errno != EEXIST) {
      Stop("could not make directory \"" + made + "\"");
    }
    RequireOwn(made);
  }
  Lock();
  digest_ = digest;
  if (state.resumed) {
    ReadRecord(digest);
    KeepWhole(plan, state);
  }
  WriteRecord();
  return state;
}

void DirectoryTarget::ReadRecord(const std::string& digest) {
  std::istringstream lines(ReadWhole(PathOf("record")));
  std::string line;
  std::getline(lines, line);
  if (line != digest) {
    throw Fault(ExitCode::kConfiguration,
                "the unfinished copy in \"" + part_ + "\" is another one than this",
                "Its profile, rules, sample or source's schema was another.",
                "Remove it and begin anew, or resume it with the options it was begun with.");
  }
  while (std::getline(lines, line) && !lines.eof()) {  // a line without its end is none
    const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json.is_discarded()) files_.push_back(FromJson(json));
  }
}

void DirectoryTarget::KeepWhole(const CopyPlan& plan, CopyState& state) {
  std::vector<File> kept;
  for (std::size_t i = 0; i < plan.tables.size(); ++i) {
    std::int64_t rows = 0;
    int parts = 0, wanted = -1;
    const std::vector<const File*> files = FilesOf(plan.tables[i]);
    for (const File* file : files) {
      std::error_code error;
      const auto size = fs::file_size(PathOf(file->file), error);
      if (error || static_cast<std::int64_t>(size) != file->bytes) continue;
      rows += file->rows;
      wanted = file->parts;
      ++parts;
    }
    state.whole[i] = parts == wanted;
    state.rows[i] = rows;
    for (const File* file : files) {
      if (state.whole[i]) {
        kept.push_back(*file);
      } else {
        unlink(PathOf(file->file).c_str());
      }
    }
  }
  files_ = std::move(kept);
  // What a killed process was writing.
  for (const fs::directory_entry& entry : fs::directory_iterator(part_ + "/data")) {
    const std::string file = "data/" + entry.path().filename().string();
    if (std::ranges::find(files_, file, &File::file) == files_.end()) fs::remove(entry.path());
  }
}

std::vector<const DirectoryTarget::File*> DirectoryTarget::FilesOf(const CopyTable& table) const {
  std::vector<const File*> files;
  for (const File& file : files_) {
    if (file.schema == table.schema && file.table == table.name) files.push_back(&file);
  }
  std::ranges::sort(files, {}, [](const File* file) { return file->part; });
  return files;
}

void DirectoryTarget::WriteRecord() const {
  std::string text = digest_ + "\n";
  for (const File& file : files_) text += LineOf(file);
  WriteFile(PathOf("record"), text);
}

void DirectoryTarget::Add(File file) {
  const std::lock_guard lock(mutex_);
  const std::string line = LineOf(file);
  files_.push_back(std::move(file));
  const int record = open(PathOf("record").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (record < 0) Stop("could not write the record of \"" + part_ + "\"");
  const bool written =
      write(record, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
      fsync(record) == 0;
  close(record);
  if (!written) Stop("could not write the record of \"" + part_ + "\"");
}

void DirectoryTarget::MakeSchema(const Archive& archive, const CopyPlan& plan) {
  std::string text;
  for (const CopySchema& schema : plan.schemas) {
    if (!schema.copied) text += "CREATE SCHEMA IF NOT EXISTS " + QuoteName(schema.name) + ";\n";
  }
  const std::string script = PathOf("script.sql");
  archive.Script("pre-data", script);
  text += ReadWhole(script);
  for (const std::string& statement : plan.corrections) text += statement + ";\n";
  WriteFile(PathOf("pre-data.sql"), text);
  unlink(script.c_str());
}

std::unique_ptr<PartLoader> DirectoryTarget::MakeLoader() {
  return std::make_unique<DirectoryLoader>(*this);
}

std::vector<std::string> DirectoryTarget::MakeRest(const Archive& archive, const CopyPlan& plan,
                                                   const std::vector<std::string>& sequences) {
  std::string text;
  for (const std::string& statement : sequences) text += statement + ";\n";
  WriteFile(PathOf("sequences.sql"), text);
  const std::string script = PathOf("script.sql");
  archive.Script("post-data", script);
  text = ReadWhole(script);
  for (const auto* last : {&plan.materialized, &plan.forced}) {
    for (const std::string& statement : *last) text += statement + ";\n";
  }
  WriteFile(PathOf("post-data.sql"), text);
  unlink(script.c_str());
  WriteLoad(plan);
  WriteManifest(plan);
  return {};
}

void DirectoryTarget::WriteLoad(const CopyPlan& plan) const {
  std::string text =
      "-- Loads this copy into an empty database: cd DIRECTORY && psql -X -f load.sql -d DATABASE\n"
      "\\set ON_ERROR_STOP on\nSET client_encoding = '" +
      encoding_ + "';\n\\ir pre-data.sql\n";
  for (const CopyTable& table : plan.tables) {
    // Emptied in the same transaction, it can be loaded frozen.
    const std::string name = QualifiedName(table);
    text += "BEGIN;\nTRUNCATE ONLY " + name + ";\n";
    for (const File* file : FilesOf(table)) {
      text += "\\copy " + name + ColumnList(table) + " FROM '" + file->file +
              "' WITH (FORMAT binary, FREEZE true)\n";
    }
    text += "COMMIT;\n";
  }
  text += "\\ir sequences.sql\n\\ir post-data.sql\n";
  WriteFile(PathOf("load.sql"), text);
}

void DirectoryTarget::WriteManifest(const CopyPlan& plan) const {
  Json tables = Json::array();
  for (const CopyTable& table : plan.tables) {
    Json files = Json::array();
    std::int64_t rows = 0;
    for (const File* file : FilesOf(table)) {
      rows += file->rows;
      files.push_back({{"file", file->file},
                       {"rows", file->rows},
                       {"bytes", file->bytes},
                       {"sha256", file->sha256}});
    }
    tables.push_back(
        {{"schema", table.schema}, {"table", table.name}, {"rows", rows}, {"files", files}});
  }
  const Json manifest = {{"made_by", "gdpr-batch " + std::string(kVersion)},
                         {"profile", ProfileName(options_.copy.profile)},
                         {"tables", tables},
                         {"left_out", plan.references},
                         {"not_copied", plan.not_copied},
                         {"roles", plan.roles}};
  WriteFile(PathOf("manifest.json"),
            manifest.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

void DirectoryTarget::Finish() {
  for (const char* file : {"record", "lock"}) {
    unlink(PathOf(file).c_str());
  }
  SyncDirectory(PathOf("data"));
  SyncDirectory(part_);
  if (rename(part_.c_str(), directory_.c_str()) != 0) Stop("could not rename \"" + part_ + "\"");
  const std::string above = fs::absolute(directory_).parent_path().string();
  SyncDirectory(above);
}

}  // namespace gdpr::batch
