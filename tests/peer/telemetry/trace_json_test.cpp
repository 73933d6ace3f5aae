#include "telemetry/trace_json.hpp"

#include "catch.hpp"

#include <nlohmann/json.hpp>

using namespace xfsbus;
using namespace xfsbus::peer::telemetry;

using Json = nlohmann::json;

namespace {

Json json_of(TraceRecord const& record) {
    auto const line = to_line(record);
    REQUIRE(line.ends_with("\n"));
    CHECK(line.find('\n') == line.size() - 1);
    return Json::parse(line);
}

peer::PolicyUsed a_policy() {
    return {"rack", "1.2", "abcd", {{"far", "2"}}, 7};
}

DecisionMade a_decision() {
    DecisionMade made;
    made.t_us = 1500;
    made.operation = "decide";
    auto& request = made.request;
    request.purpose = XFSBUS_PURPOSE_REQUEST;
    request.transfer = 3;
    request.bytes = 100;
    request.left_bytes = 900;
    request.outstanding_bytes = 200;
    request.outstanding_most = 400;
    request.chunk = 5;
    request.copies = 2;
    request.places = 24;
    request.places_used = 2;
    made.sources.resize(2);
    made.sources[0].endpoint = "192.0.2.1:7000";
    made.sources[0].view.flags = XFSBUS_SOURCE_IN_USE | XFSBUS_SOURCE_HAS_CHUNK;
    made.sources[0].view.latency_ms = 2.5;
    made.sources[1].endpoint = "192.0.2.2:7000";
    made.sources[1].labels = "rack=\"1\"";
    made.sources[1].view.flags = XFSBUS_SOURCE_ANSWERABLE | XFSBUS_SOURCE_HAS_ROOM;
    made.answer = policies::choose(1);
    made.cost_ns = 640;
    return made;
}

}  // namespace

TEST_CASE("A trace begins with what all its decisions follow from") {
    auto const json = json_of(TraceBegun{a_policy(), {"rarest", "1.0", "ef", {}, 7}});
    CHECK(json.at("record") == "trace");
    CHECK(json.at("format") == 1);
    CHECK_FALSE(json.at("version").get<std::string>().empty());
    CHECK(json.at("seed") == 7);
    CHECK(json.at("policy") == Json::parse(R"({"name": "rack", "version": "1.2", "sha256": "abcd",
                                              "parameters": {"far": "2"}})"));
    CHECK(json.at("chunk_order").at("name") == "rarest");
    auto const swapped = json_of(PolicySwapped{9, a_policy()});
    CHECK(swapped.at("record") == "policy");
    CHECK(swapped.at("policy") == json.at("policy"));
}

TEST_CASE("A transfer's record says what its number means") {
    CHECK(json_of(TransferBegun{10, 3, "data/model.bin", "beef", 1000, 100, 10, 4}) ==
          Json::parse(R"({"record": "transfer", "t_us": 10, "transfer": 3,
                          "name": "data/model.bin", "content": "beef", "bytes": 1000,
                          "chunk_bytes": 100, "chunks": 10, "chunks_here": 4})"));
}

TEST_CASE("The record of a bundle names all its files") {
    auto const json = json_of(TransferBegun{.name = "a", .others = {"b", "c"}});
    CHECK(json.at("name") == "a");
    CHECK(json.at("others") == Json::parse(R"(["b", "c"])"));
}

TEST_CASE("Which files of a bundle are damaged has a record of its own") {
    CHECK(json_of(FilesDamaged{7, 3, {"b"}, {"a", "c"}, 20}) ==
          Json::parse(R"({"record": "damaged", "t_us": 7, "transfer": 3, "damaged": ["b"],
                          "stored": ["a", "c"], "stored_bytes": 20})"));
}

TEST_CASE("A decision's record has what the policy saw, what it answered and what that took") {
    CHECK(json_of(a_decision()) ==
          Json::parse(R"({"record": "decision", "t_us": 1500, "transfer": 3,
                          "purpose": "request", "chunk": 5, "copies": 2, "bytes": 100,
                          "left_bytes": 900, "outstanding_bytes": 200, "outstanding_most": 400,
                          "places": 24, "places_used": 2, "asked": "decide",
                          "sources": [{"peer": "192.0.2.1:7000", "flags": ["in_use", "has_chunk"],
                                       "latency_ms": 2.5},
                                      {"peer": "192.0.2.2:7000",
                                       "flags": ["answerable", "has_room"],
                                       "labels": "rack=\"1\""}],
                          "answer": "choose", "peer": "192.0.2.2:7000", "by_default": false,
                          "cost_ns": 640})"));
}

TEST_CASE("Each kind of answer is written with what belongs to it") {
    auto made = a_decision();
    made.answer = policies::wait_for(0, std::chrono::milliseconds(2));
    auto json = json_of(made);
    CHECK(json.at("answer") == "wait_for");
    CHECK(json.at("peer") == "192.0.2.1:7000");
    CHECK(json.at("again_us") == 2000);
    made.answer = policies::nobody();
    json = json_of(made);
    CHECK(json.at("answer") == "nobody");
    CHECK_FALSE(json.contains("peer"));
    made.request.purpose = XFSBUS_PURPOSE_REPLACE;
    made.request.chunk = XFSBUS_NO_CHUNK;
    made.answer = policies::swap(1, 0);
    json = json_of(made);
    CHECK(json.at("purpose") == "replace");
    CHECK(json.at("peer") == "192.0.2.2:7000");
    CHECK(json.at("gives_way") == "192.0.2.1:7000");
    CHECK_FALSE(json.contains("chunk"));
    made.request.purpose = XFSBUS_PURPOSE_TOTAL;
    made.answer = policies::limit(0);
    CHECK(json_of(made).at("limit_bytes") == 0);
}

TEST_CASE("An outcome's record says how a request ended, and when") {
    RequestEnded const ended{20,
                             "192.0.2.1:7000",
                             {.reason = XFSBUS_OUTCOME_LATE,
                              .transfer = 3,
                              .bytes = 100,
                              .elapsed_us = 5000,
                              .queued_bytes = 300,
                              .queued = 3,
                              .chunk = 5}};
    CHECK(json_of(ended) ==
          Json::parse(R"({"record": "outcome", "t_us": 20, "transfer": 3, "chunk": 5,
                          "peer": "192.0.2.1:7000", "reason": "late", "bytes": 100,
                          "elapsed_us": 5000, "queued_bytes": 300, "queued": 3})"));
}
