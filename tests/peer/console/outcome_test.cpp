#include "outcome.hpp"

#include "catch.hpp"

#include <xfsbus/program/run.hpp>

using namespace xfsbus;
using namespace xfsbus::console;
using peer::PushState;

namespace {

peer::DownloadReport with_errors(std::vector<std::optional<Errc>> const& errors) {
    peer::DownloadReport report;
    for (auto const& code : errors) {
        auto& file = report.files.emplace_back();
        file.error = code ? std::optional(Error{*code, "why"}) : std::nullopt;
    }
    return report;
}

peer::PushReport with_states(std::vector<PushState> const& states) {
    peer::PushReport report;
    for (auto const state : states) {
        report.targets.emplace_back().state = state;
    }
    return report;
}

peer::PushResult of_one(peer::PushReport report) {
    peer::PushResult result;
    result.files.push_back(std::move(report));
    return result;
}

peer::PushRequest request_to(peer::PushTo to, std::size_t peers = 0) {
    peer::PushRequest request;
    request.to = to;
    request.peers = peers;
    return request;
}

peer::PushRequest const to_all = request_to(peer::PushTo::all);
peer::PushRequest const to_accepting = request_to(peer::PushTo::accepting);

peer::PushRequest to_number(std::size_t peers) {
    return request_to(peer::PushTo::number, peers);
}

}  // namespace

TEST_CASE("A download that worked, or had nothing to do, gives 0") {
    CHECK(code_of(peer::DownloadReport{}) == 0);
    CHECK(code_of(with_errors({std::nullopt, std::nullopt})) == 0);
}

TEST_CASE("A job whose files fail in different ways gives the gravest code") {
    std::vector const from_bad_to_better = {Errc::integrity,  Errc::disk,
                                            Errc::plugin,     Errc::not_authorised,
                                            Errc::failed,     Errc::usage,
                                            Errc::network,    Errc::timeout,
                                            Errc::not_found,  Errc::tracker_unreachable,
                                            Errc::interrupted};
    for (std::size_t i = 0; i < from_bad_to_better.size(); ++i) {
        auto const worst = program::exit_code(from_bad_to_better[i]);
        for (std::size_t j = i; j < from_bad_to_better.size(); ++j) {
            CHECK(code_of(with_errors({from_bad_to_better[j], from_bad_to_better[i]})) == worst);
            CHECK(code_of(with_errors(
                      {std::nullopt, from_bad_to_better[i], from_bad_to_better[j]})) == worst);
        }
    }
}

TEST_CASE("Files are counted as failed, present or neither, never as two of them") {
    auto report = with_errors({Errc::disk, std::nullopt, std::nullopt});
    report.files[0].present = true;
    report.files[1].present = true;
    CHECK(failed_files(report) == 1);
    CHECK(present_files(report) == 1);
}

TEST_CASE("Of a push to all those lack it that have not got it, whyever") {
    auto const report = with_states({PushState::there, PushState::failed, PushState::refused});
    CHECK(lacking(report, to_all) == 2);
    CHECK(shortfall(of_one(report), to_all)->starts_with("2 of 3 peers lack it: 1 refused, 1 fai"));
    CHECK_THAT(*shortfall(of_one(report), to_all), ContainsSubstring("--accept-push"));
    CHECK(lacking(with_states({PushState::there}), to_all) == 0);
    CHECK_FALSE(shortfall(of_one(with_states({PushState::there})), to_all));
}

TEST_CASE("Of a push to those that accept pushes the others lack nothing") {
    auto const report = with_states({PushState::there, PushState::failed, PushState::refused});
    CHECK(lacking(report, to_accepting) == 1);
    CHECK(shortfall(of_one(report), to_accepting)->starts_with("1 of 2 peers lack it"));
    CHECK_FALSE(
        shortfall(of_one(with_states({PushState::there, PushState::refused})), to_accepting));
}

TEST_CASE("A push to a number lacks nothing once so many have it, also if others failed") {
    auto const report = with_states({PushState::there, PushState::failed, PushState::there});
    CHECK_FALSE(shortfall(of_one(report), to_number(2)));
    CHECK_FALSE(shortfall(of_one(report), to_number(1)));
    CHECK(shortfall(of_one(report), to_number(3))->starts_with("2 of 3 peers have it, 1 missing"));
    CHECK(lacking(report, to_number(5)) == 3);
}

TEST_CASE("A push whose list of peers did not settle, or was too long, is not complete") {
    auto result = of_one(with_states({PushState::there}));
    result.settled = false;
    CHECK_THAT(shortfall(result, to_all).value(), ContainsSubstring("did not settle"));
    result.settled = true;
    result.left_out = 7;
    CHECK_THAT(shortfall(result, to_all).value(), ContainsSubstring("7 peers were too many"));
}

TEST_CASE("Of a push of several files all are counted") {
    peer::PushResult result;
    result.files = {with_states({PushState::there, PushState::there}),
                    with_states({PushState::there, PushState::refused}),
                    with_states({PushState::failed, PushState::refused})};
    CHECK(shortfall(result, to_all)
              ->starts_with("2 of 3 files did not come everywhere: 3 of 6 copies are lacking: 2 "
                            "refused, 1 failed"));
}

TEST_CASE("A push is unfinished while a peer is asked, waits or fetches") {
    for (auto const state : {PushState::asking, PushState::waiting, PushState::fetching}) {
        CHECK(unfinished(of_one(with_states({PushState::there, state}))));
    }
    CHECK_FALSE(
        unfinished(of_one(with_states({PushState::there, PushState::failed, PushState::refused}))));
}
