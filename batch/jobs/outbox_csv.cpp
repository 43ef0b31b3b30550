// SPDX-License-Identifier: PostgreSQL
#include "batch/jobs/outbox_csv.hpp"

#include <nlohmann/json.hpp>

#include "batch/output/fault.hpp"
#include "batch/output/log.hpp"
#include "batch/output/out_file.hpp"
#include "batch/queries.hpp"

namespace gdpr::batch {
namespace {

constexpr int kPage = 2000;  // messages in one transaction, some hundred bytes each

std::vector<std::string> BeginExport(Connection& connection, RunId run) {
  const Result result = connection.Execute(query::kExportBegin, {run});
  std::vector<std::string> columns;
  for (int row = 0; row < result.rows(); ++row) columns.emplace_back(result.Text(row, 0));
  return columns;
}

void WriteHeader(OutFile& file, const std::vector<std::string>& merge_columns) {
  std::vector<std::string_view> names = {"message", "channel", "address", "token"};
  names.insert(names.end(), merge_columns.begin(), merge_columns.end());
  file.Write(CsvRecord(names));
}

int WritePage(OutFile& file, const Result& page, const std::vector<std::string>& merge_columns) {
  for (int row = 0; row < page.rows(); ++row) {
    const auto merge = nlohmann::json::parse(page.Text(row, 4));
    std::vector<std::string> values;
    for (const std::string& column : merge_columns) {
      const auto value = merge.find(column);
      values.push_back(value != merge.end() && value->is_string() ? value->get<std::string>()
                                                                  : std::string());
    }
    std::vector<std::string_view> fields = {page.Text(row, 0), page.Text(row, 1), page.Text(row, 2),
                                            page.Text(row, 3)};
    fields.insert(fields.end(), values.begin(), values.end());
    file.Write(CsvRecord(fields));
  }
  return page.rows();
}

std::int64_t WriteAll(Connection& connection, RunId run, const std::string& path,
                      const Signals& signals) {
  OutFile file(path, true);
  const std::vector<std::string> merge_columns = BeginExport(connection, run);
  WriteHeader(file, merge_columns);
  std::int64_t messages = 0;
  for (int rows = 1; rows > 0;) {
    if (signals.stop_requested()) {
      throw Fault(
          ExitCode::kStopped, "stopped while file \"" + path + "\" was being written",
          "The messages still wait.",
          "Go on with: gdpr-batch reconsent --export " + std::to_string(run) + " --csv " + path);
    }
    rows = WritePage(file, connection.Execute(query::kExportPage, {run, kPage}), merge_columns);
    messages += rows;
  }
  file.Commit();
  return messages;
}

}  // namespace

std::string CsvRecord(const std::vector<std::string_view>& fields) {
  std::string record;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) record += ',';
    if (fields[i].find_first_of(",\"\r\n") == std::string_view::npos) {
      record += fields[i];
      continue;
    }
    record += '"';
    for (const char c : fields[i]) record.append(c == '"' ? 2 : 1, c);
    record += '"';
  }
  return record + "\r\n";
}

std::int64_t ExportMessages(Connection& connection, RunId run, const std::string& path,
                            const Signals& signals) {
  std::int64_t messages = 0;
  try {
    messages = WriteAll(connection, run, path, signals);
  } catch (const Fault&) {
    BeginExport(connection, run);  // what was taken for the file waits again
    throw;
  }
  while (connection.Execute(query::kExportDone, {run, kPage}).Int(0, 0) > 0) {
  }
  Log(Level::kInfo, "exported", {{"run", run}, {"messages", messages}, {"file", path}});
  return messages;
}

}  // namespace gdpr::batch
