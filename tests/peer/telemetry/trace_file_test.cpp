#include "telemetry/trace_file.hpp"

#include "catch.hpp"
#include "faults.hpp"
#include "telemetry/decision_trace.hpp"
#include "temp_dir.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
#include <fstream>
#include <future>
#include <sstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace xfsbus;
using namespace xfsbus::peer::telemetry;
using namespace xfsbus::test;
using namespace std::chrono_literals;

using Json = nlohmann::json;

namespace {

std::vector<Json> records_of(std::string const& text) {
    std::vector<Json> records;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        records.push_back(Json::parse(line));
    }
    return records;
}

std::string text_of(std::filesystem::path const& path) {
    std::ifstream stream(path);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

std::unique_ptr<TraceFile> trace_to(std::filesystem::path const& path,
                                    std::function<void(std::string const&)> on_failed = {}) {
    auto file = TraceFile::create(path, std::move(on_failed));
    REQUIRE(file);
    return std::move(*file);
}

/// What comes out of a pipe until its other end is closed.
std::string all_of(int pipe) {
    std::string text;
    std::array<char, 65536> buffer{};
    for (ssize_t bytes = 0; (bytes = ::read(pipe, buffer.data(), buffer.size())) > 0;) {
        text.append(buffer.data(), static_cast<std::size_t>(bytes));
    }
    return text;
}

}  // namespace

TEST_CASE("A trace holds all its records in order, and at the end how many there are") {
    TempDir const temp;
    auto const path = temp.path() / "trace";
    std::ofstream(path) << "of yesterday\n";
    auto file = trace_to(path);
    for (std::uint64_t i = 0; i < 1000; ++i) {
        file->put(TransferBegun{.transfer = i});
    }
    file.reset();
    auto const records = records_of(text_of(path));
    REQUIRE(records.size() == 1001);
    for (std::size_t i = 0; i < 1000; ++i) {
        CHECK(records[i].at("transfer") == i);
    }
    CHECK(records[1000] == Json::parse(R"({"record": "end", "records": 1000, "dropped": 0})"));
}

TEST_CASE("What comes faster than it can be written is dropped, and counted in the trace") {
    TempDir const temp;
    auto const path = temp.path() / "pipe";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    files::Fd const reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    REQUIRE(reader);
    auto file = trace_to(path);  // to which nobody listens yet: the pipe is soon full
    constexpr std::uint64_t put = 4 * TraceFile::records_most;
    for (std::uint64_t i = 0; i < put; ++i) {
        file->put(TransferBegun{.transfer = i});
    }
    auto const dropped = file->info().dropped;
    CHECK(dropped > 0);
    REQUIRE(::fcntl(reader.get(), F_SETFL, 0) == 0);
    auto text = std::async(std::launch::async, [&] { return all_of(reader.get()); });
    file.reset();
    auto const records = records_of(text.get());
    REQUIRE_FALSE(records.empty());
    CHECK(records.back().at("record") == "end");
    CHECK(records.back().at("dropped") == dropped);
    CHECK(records.back().at("records") == put - dropped);
    CHECK(records.size() == put - dropped + 1);
}

TEST_CASE("A trace that cannot be written any more ends with one word, and takes no more") {
    TempDir const temp;
    std::promise<std::string> told;
    auto file = trace_to(temp.path() / "trace",
                         [&](std::string const& why) { told.set_value(why); });  // once, or throws
    FaultAt const full(0, {.error = ENOSPC});
    file->put(TransferBegun{});
    auto why = told.get_future();
    REQUIRE(why.wait_for(20s) == std::future_status::ready);
    CHECK(why.get() == "No space left on device");
    file->put(TransferBegun{});
    auto const info = file->info();
    CHECK(info.trouble == "No space left on device");
    CHECK(info.records == 0);
    CHECK(info.dropped >= 1);
    file.reset();
    CHECK(text_of(temp.path() / "trace").empty());
}

TEST_CASE("A trace that cannot be begun says which file, and why") {
    TempDir const temp;
    auto const file = TraceFile::create(temp.path() / "no" / "trace", {});
    REQUIRE_FALSE(file);
    CHECK(file.error().code == Errc::disk);
    CHECK_THAT(file.error().message, ContainsSubstring("no/trace': No such file or directory"));
}

TEST_CASE("A trace keeps what a policy saw when that is gone, and counts time from its beginning") {
    TempDir const temp;
    auto const path = temp.path() / "trace";
    std::uint64_t now = 5'000'000;
    {
        DecisionTrace trace(trace_to(path), [&] { return now; });
        now += 30;
        std::string endpoint = "192.0.2.1:7000";
        std::vector<policies::SourceView> sources(1);
        sources[0].endpoint = endpoint.c_str();
        sources[0].labels = "";
        trace.on_decision(
            {"pick", policies::RequestView{}, sources, policies::choose(0), 70ns, true});
        trace.on_outcome(sources[0], policies::OutcomeView{});
        endpoint.assign(endpoint.size(), '?');
    }
    auto const records = records_of(text_of(path));
    REQUIRE(records.size() == 3);
    CHECK(records[0].at("t_us") == 30);
    CHECK(records[0].at("peer") == "192.0.2.1:7000");
    CHECK(records[0].at("cost_ns") == 70);
    CHECK(records[0].at("by_default") == true);
    CHECK(records[1].at("record") == "outcome");
    CHECK(records[1].at("peer") == "192.0.2.1:7000");
}
