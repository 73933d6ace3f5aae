#include "answers.hpp"

#include "catch.hpp"
#include "json_lines.hpp"

#include <nlohmann/json.hpp>

#include <set>
#include <sstream>

using namespace xfsbus;
using namespace xfsbus::console;
using Json = nlohmann::json;

namespace {

/// A printer, and what it has printed.
struct Printed {
    explicit Printed(Printer::Options options = {}) : printer(options, out, err) {}

    [[nodiscard]] std::vector<Json> events() const { return xfsbus::test::objects_in(out); }

    std::ostringstream out;
    std::ostringstream err;
    Printer printer;
};

constexpr Printer::Options as_json{true, false};
constexpr Printer::Options on_terminal{false, true};

std::set<std::string> keys_of(Json const& object) {
    std::set<std::string> keys;
    for (auto const& item : object.items()) {
        keys.insert(item.key());
    }
    return keys;
}

/// One file fetched, one present, one failed.
peer::DownloadReport three_files() {
    peer::DownloadReport report;
    report.bytes_fetched = 2048;
    report.seconds = 2;
    auto& fetched = report.files.emplace_back();
    fetched.name = "fetched";
    fetched.size = 3072;
    fetched.bytes_fetched = 2048;
    fetched.bytes_resumed = 1024;
    fetched.bytes_duplicate = 7;
    fetched.seconds = 2;
    fetched.seconds_waited = 0.5;
    fetched.seconds_stalled = 0.25;
    fetched.policy = std::make_shared<peer::PolicyUsed>(
        peer::PolicyUsed{"rack", "1.0", "abcd", {{"far", "2"}}, 7});
    report.policy = fetched.policy;
    fetched.sources = {
        {"10.0.0.2:7471", 2048, 7, 1, 1024, 0, 0, peer::SourceState::active, "active"}};
    auto& present = report.files.emplace_back();
    present.name = "present";
    present.present = true;
    auto& failed = report.files.emplace_back();
    failed.name = "failed\033";
    failed.error = Error{Errc::disk, "the disk is full"};
    return report;
}

peer::PushReport pushed_to_two() {
    peer::PushReport report;
    report.name = "model.bin";
    report.content = "abcd";
    report.size = 200;
    report.seconds = 1.5;
    report.targets = {{"10.0.0.2", 7471, peer::PushState::there, 200, 1.25, ""},
                      {"10.0.0.3", 7471, peer::PushState::failed, 50, 0.5, "the disk is full"}};
    return report;
}

}  // namespace

TEST_CASE("A job of several files ends with a summary") {
    Printed printed;
    print_downloaded(printed.printer, three_files());
    CHECK(printed.out.str() ==
          "fetched: 3.0 KiB verified in 2.00 s (1.0 KiB/s) from 1 source, 1.0 KiB of it was here "
          "already\n"
          "present: already here, with equal content\n"
          "3 files, 1 failed; 1 fetched, 1 already here; 2.0 KiB in 2.00 s (1.0 KiB/s)\n");
    CHECK(printed.err.str() == "xfs-peer: 'failed\\x1b': the disk is full\n");
}

TEST_CASE("A peer that is ready says what it shares, and what it does not") {
    xfsbus::peer::PeerStatus status;
    status.host = "127.0.0.1";
    status.port = 7471;
    status.directory = "/srv/data";
    status.counters = {{{"files", "files", CounterKind::now, "shared"}, 5}};
    Printed plain;
    print_ready(plain.printer, status, true);
    CHECK(plain.out.str() ==
          "xfs-peer: ready on tcp://127.0.0.1:7471, sharing 5 files of /srv/data\n");
    status.scan = {5, 1024, 2, 1, 12, 3, 4};
    Printed more;
    print_ready(more.printer, status, true);
    CHECK_THAT(
        more.out.str(),
        ContainsSubstring("/srv/data; not shared: 1 skipped, 12 symbolic links, 3 ignored\n"));
    Printed json(as_json);
    print_ready(json.printer, status, true);
    auto const event = Json::parse(json.out.str());
    CHECK(event.at("files") == 5);
    CHECK(event.at("hashed") == 2);
    CHECK(event.at("skipped") == 1);
    CHECK(event.at("links") == 12);
    CHECK(event.at("ignored") == 3);
    CHECK(event.at("private_files") == 4);
}

TEST_CASE("A list that was updated says what was left out") {
    Printed plain;
    print_update(plain.printer, {5, 1024, 2, 0, 1, 0, 4});
    CHECK(plain.out.str() ==
          "5 files, 1.0 KiB; 2 hashed, 0 skipped, 1 symbolic link; the tracker has the list\n");
    Printed json(as_json);
    print_update(json.printer, {5, 1024, 2, 1, 12, 3, 4});
    auto const event = Json::parse(json.out.str());
    CHECK(event.at("links") == 12);
    CHECK(event.at("ignored") == 3);
    CHECK(event.at("private_files") == 4);
}

TEST_CASE("What belongs together is written at once, and before an error that follows it") {
    /// Counts how often it is flushed.
    struct Flushes : std::stringbuf {
        int sync() override {
            ++count;
            return 0;
        }

        int count = 0;
    };

    for (bool const json : {true, false}) {
        Flushes flushes;
        std::ostream out(&flushes);
        std::ostringstream err;
        Printer const printer({json, false}, out, err);
        auto report = three_files();
        report.files.insert(report.files.begin(), 100, report.files[0]);
        print_downloaded(printer, report);
        // Once for the file that failed, which people are told of on the other stream.
        CHECK(flushes.count == (json ? 1 : 2));
        flushes.count = 0;
        print_files(printer, std::vector<peer::SharedFileInfo>(100, {"name", "abc", 1}));
        CHECK(flushes.count == 1);
    }
}

TEST_CASE("A job of one file needs no summary") {
    Printed printed;
    auto report = three_files();
    report.files.resize(1);
    print_downloaded(printed.printer, report);
    CHECK(printed.out.str().find("1 fetched") == std::string::npos);
}

TEST_CASE("In JSON a download tells of each file, each source, and of all") {
    Printed printed(as_json);
    print_downloaded(printed.printer, three_files());
    auto const events = printed.events();
    REQUIRE(events.size() == 4);
    CHECK(keys_of(events[0]) ==
          std::set<std::string>{"event", "name", "content", "size", "ok", "present",
                                "bytes_fetched", "bytes_resumed", "bytes_duplicate",
                                "chunks_rejected", "chunks_surplus", "seconds", "seconds_waited",
                                "seconds_stalled", "sources", "policy", "chunk_order"});
    CHECK(events[0].at("bytes_duplicate") == 7);
    CHECK(events[0].at("seconds_waited") == 0.5);
    CHECK(events[0].at("seconds_stalled") == 0.25);
    CHECK(events[0].at("sources") ==
          Json::parse(R"([{"peer": "10.0.0.2:7471", "bytes": 2048, "bytes_duplicate": 7,
                           "chunks_rejected": 1, "bytes_per_second": 1024.0, "state": "active"}])"));
    auto const policy = Json::parse(R"({"name": "rack", "version": "1.0", "sha256": "abcd",
                                        "parameters": {"far": "2"}, "seed": 7})");
    CHECK(events[0].at("policy") == policy);
    CHECK(events[1].at("present") == true);
    CHECK(events[1].at("policy").is_null());
    CHECK(events[2].at("ok") == false);
    CHECK(events[2].at("code") == 9);
    CHECK(events[2].at("error") == "the disk is full");
    CHECK(events[3].at("policy") == policy);
    auto summary = events[3];
    summary.erase("policy");
    CHECK(summary == Json::parse(R"({"event": "summary", "files": 3, "failed": 1, "present": 1,
                                     "bytes_fetched": 2048, "seconds": 2.0,
                                     "chunk_order": null})"));
}

TEST_CASE("In JSON progress tells of the files in progress") {
    Printed printed(as_json);
    peer::DownloadProgress progress;
    progress.name = "data/*";
    progress.running = {{"data/1", 1, 2, 3, 4}};
    print_progress(printed.printer, progress);
    CHECK(printed.events().at(0).at("running") ==
          Json::parse(R"([{"name": "data/1", "bytes_done": 1, "bytes_total": 2,
                           "bytes_per_second": 3.0, "sources": 4}])"));
}

TEST_CASE("A push ends with a row for each peer, and a header on a terminal only") {
    Printed plain;
    print_pushed(plain.printer, {{pushed_to_two()}}, {});
    CHECK(plain.out.str() ==
          "10.0.0.2 7471 there 100% 1.25\n"
          "10.0.0.3 7471 failed 25% 0.50 the disk is full\n");
    Printed terminal(on_terminal);
    print_pushed(terminal.printer, {{pushed_to_two()}}, {});
    CHECK(terminal.out.str() ==
          "IP        PORT  STATE   PERCENT  SECONDS  REASON\n"
          "10.0.0.2  7471  there   100%     1.25\n"
          "10.0.0.3  7471  failed  25%      0.50     the disk is full\n");
}

TEST_CASE("The rows of a push of several files say which file") {
    Printed plain;
    print_pushed(plain.printer, {{pushed_to_two(), pushed_to_two()}}, {});
    CHECK_THAT(plain.out.str(), ContainsSubstring("failed 25% 0.50 model.bin the disk is full\n"));
}

TEST_CASE("In JSON a push tells of each peer while it goes on and at its end") {
    Printed printed(as_json);
    print_progress(printed.printer, {5, 2, pushed_to_two()});
    print_pushed(printed.printer, {{pushed_to_two()}, false, 7, 2.5}, {});
    auto const events = printed.events();
    REQUIRE(events.size() == 3);
    CHECK(events[0].at("event") == "push");
    CHECK(events[0].at("files_total") == 5);
    CHECK(events[0].at("files_done") == 2);
    CHECK(events[2] == Json::parse(R"({"event": "push_summary", "files": 1, "lacking": 1,
                                       "settled": false, "left_out": 7, "seconds": 2.5})"));
    CHECK(events[1] ==
          Json::parse(R"({"event": "pushed", "name": "model.bin", "content": "abcd", "size": 200,
                          "there": 1, "failed": 1, "refused": 0, "lacking": 1, "seconds": 1.5,
                          "targets": [
                          {"ip": "10.0.0.2", "port": 7471, "state": "there", "bytes": 200,
                           "percent": 100.0, "seconds": 1.25},
                          {"ip": "10.0.0.3", "port": 7471, "state": "failed", "bytes": 50,
                           "percent": 25.0, "seconds": 0.5, "reason": "the disk is full"}]})"));
}

TEST_CASE("In JSON the status tells of each transfer") {
    Printed printed(as_json);
    peer::PeerStatus status;
    status.counters = {{{"bytes_duplicate", "bytes", CounterKind::total, "twice"}, 9}};
    status.chunk_order = "rarest";
    status.upload_policy = "fair";
    auto& file = status.downloading.emplace_back();
    file.name = "model.bin";
    file.seconds_waited = 0.5;
    file.sources = {{"10.0.0.2:7471", 1, 2, 3, 4, 5, 6, peer::SourceState::active, "active"}};
    status.uploading = {{"abcd", "10.0.0.4:5555", 1, 2, 3, 4}};
    print_status(printed.printer, status);
    auto const answer = printed.events().at(0);
    CHECK(answer.at("bytes_duplicate") == 9);
    CHECK(answer.at("chunk_order") == "rarest");
    CHECK(answer.at("upload_policy") == "fair");
    CHECK(answer.at("downloading")[0].at("seconds_waited") == 0.5);
    CHECK(answer.at("downloading")[0].at("sources") ==
          Json::parse(R"([{"peer": "10.0.0.2:7471", "bytes": 1, "bytes_duplicate": 2,
                           "chunks_rejected": 3, "bytes_per_second": 4.0, "state": "active",
                           "credit_bytes": 5, "outstanding_bytes": 6}])"));
    CHECK(answer.at("uploading") ==
          Json::parse(R"([{"content": "abcd", "sink": "10.0.0.4:5555", "bytes": 1,
                           "bytes_per_second": 2.0, "credit_bytes": 3, "queued_chunks": 4}])"));
}

TEST_CASE("The policies of all kinds are shown, and which builds they are") {
    peer::PolicyInfo policy;
    policy.name = "loadlatency";
    policy.version = "1\x1b[2J";
    policy.hash = "0123456789abcdef0123456789abcdef";
    policy.parameters = {{"load_weight", "20"}, {"odd\n", "1\r"}};
    policy.faults = 3;
    policy.seed = 77;
    policy.picks = 4;
    policy.seconds = 0.002;
    policy.over_budget = 6;
    policy.purposes = {{"request", 3, 1, 2, 5, 0.0015}};
    peer::PolicyInfo order;
    order.name = "rarest";
    order.version = "2.0";
    order.hash = "fedcba9876543210";
    order.picks = 7;
    order.faults = 5;
    peer::PolicyInfo upload;
    upload.name = "fair";
    upload.description = "built in";
    Printed plain;
    print_policy(plain.printer, {policy, order, upload});
    auto const shown = plain.out.str();
    CHECK_THAT(shown, ContainsSubstring("load_weight = 20"));
    CHECK_THAT(shown, ContainsSubstring("loadlatency 1\\x1b[2J: "));
    CHECK_THAT(shown, ContainsSubstring("odd\\x0a = 1\\x0d\n"));
    CHECK_THAT(shown, ContainsSubstring("SHA-256 0123456789abcdef...\n"));
    CHECK_THAT(shown, ContainsSubstring("seed 77\n"));
    CHECK_THAT(shown,
               ContainsSubstring("4 decisions, 3 faults, 0 slow, 6 over budget, 0 made by the "
                                 "default instead; 2.0 ms in all, 500.0 us each\n"));
    CHECK_THAT(shown, ContainsSubstring("  request   3      1              2       5            "
                                        "1.5 ms  500.0 us\n"));
    CHECK_THAT(shown, ContainsSubstring("chunks in the order of rarest 2.0\n"));
    CHECK_THAT(shown, ContainsSubstring("7 batches, 5 faults, 0 slow"));
    CHECK_THAT(shown, ContainsSubstring("peers are served by fair, built in\n"));
    upload.path = "/lib/libtitfortat.so";
    upload.name = "titfortat";
    upload.version = "1.1";
    upload.picks = 9;
    Printed of_plugin;
    print_policy(of_plugin.printer, {policy, order, upload});
    CHECK_THAT(of_plugin.out.str(), ContainsSubstring("peers are served by titfortat 1.1\n"));
    CHECK_THAT(of_plugin.out.str(), ContainsSubstring("9 decisions, 0 faults"));
    Printed json(as_json);
    print_policy(json.printer, {policy, order, upload});
    auto const answer = json.events().at(0);
    CHECK(answer.at("sha256") == policy.hash);
    CHECK(answer.at("chunk_order") == "rarest");
    CHECK(answer.at("chunk_order_faults") == 5);
    CHECK(answer.at("upload_policy") == "titfortat");
    CHECK(answer.at("upload_policy_decisions") == 9);
    CHECK(answer.at("seed") == 77);
    CHECK(answer.at("over_budget") == 6);
    CHECK(answer.at("purposes") ==
          Json::parse(R"({"request": {"asked": 3, "one_candidate": 1, "faults": 2,
                                      "over_budget": 5, "seconds": 0.0015}})"));
}

TEST_CASE("Errors go beside the answers, but in JSON they are one") {
    Printed plain;
    plain.printer.error("find", {Errc::not_found, "nobody has it"});
    CHECK(plain.out.str().empty());
    CHECK(plain.err.str() == "xfs-peer: find: nobody has it\n");
    Printed json(as_json);
    json.printer.error("find", {Errc::not_found, "nobody has it"});
    CHECK(json.err.str().empty());
    CHECK(json.events().at(0) == Json::parse(R"({"event": "error", "command": "find", "code": 3,
                                                 "message": "nobody has it"})"));
}

TEST_CASE("JSON stays JSON whatever bytes a name has") {
    Printed printed(as_json);
    printed.printer.error("x\xff", {Errc::failed, "\xff\n\""});
    CHECK(printed.events().size() == 1);
}

TEST_CASE("What is written about a job that goes on beside others has its number in JSON") {
    Printed const json(as_json);
    auto const of_job = json.printer.of_job(3);
    print_downloaded(of_job, three_files());
    of_job.error("download", {Errc::disk, "full"});
    json.printer.error("find", {Errc::not_found, "nobody"});
    auto const events = json.events();
    REQUIRE(events.size() == 6);
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(events[i].at("job") == 3);
    }
    CHECK_FALSE(events[5].contains("job"));
}

TEST_CASE("A list and a change name a file with its holders, escaped") {
    xfsbus::peer::ListedFile const file{"a\033.bin", std::string(64, 'c'), 1234, 2, 1};
    xfsbus::peer::ListingChanged const change{{}, xfsbus::peer::ListingChange::appeared, file};
    Printed plain;
    print_list(plain.printer, {file});
    print_change(plain.printer, change);
    CHECK(plain.out.str() ==
          "1234 2 1 cccccccccccc a\\x1b.bin\n"
          "appeared 1234 2 1 cccccccccccc a\\x1b.bin\n");
    using What = xfsbus::peer::ListingChange;
    Printed json(as_json);
    for (auto const what :
         {What::there, What::appeared, What::changed, What::holders, What::gone}) {
        print_change(json.printer, {{}, what, file});
    }
    std::vector<std::string> words;
    for (auto const& event : json.events()) {
        CHECK(keys_of(event) == std::set<std::string>{"event", "what", "name", "content", "size",
                                                      "complete", "partial"});
        words.push_back(event.at("what"));
    }
    CHECK(words == std::vector<std::string>{"there", "appeared", "changed", "holders", "gone"});
}

TEST_CASE("A change of a peer names its address, its id and its labels, escaped") {
    xfsbus::peer::KnownPeer const peer{"10.0.0.2", 7471, 3, 1, 20, "a=\033", false, "0a0b"};
    using What = xfsbus::peer::PeerChange;
    Printed plain;
    print_change(plain.printer, {{}, What::appeared, peer});
    CHECK(plain.out.str() == "appeared peer 10.0.0.2 7471 0a0b a=\\x1b\n");
    Printed json(as_json);
    std::vector<std::string> words;
    for (auto const what : {What::there, What::appeared, What::changed, What::gone}) {
        print_change(json.printer, {{}, what, peer});
    }
    for (auto const& event : json.events()) {
        CHECK(event.at("event") == "peer_change");
        CHECK(keys_of(event) == std::set<std::string>{"event", "what", "id", "ip", "port", "files",
                                                      "load", "heard_ms_ago", "labels", "self"});
        words.push_back(event.at("what"));
    }
    CHECK(words == std::vector<std::string>{"there", "appeared", "changed", "gone"});
}
