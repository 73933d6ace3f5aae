#include "jobs/push_inbox.hpp"

#include "catch.hpp"

#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::jobs;
using namespace std::chrono_literals;
using wire::Pushed;
using WireState = wire::PushState;

namespace {

wire::Push push_of(unsigned number, std::string name = "model.bin") {
    wire::Push push{std::move(name), {}, 1000};
    push.content.bytes[0] = static_cast<std::uint8_t>(number);
    push.content.bytes[1] = static_cast<std::uint8_t>(number >> 8U);
    return push;
}

DownloadReport report_of(wire::Push const& push, std::optional<Error> error = std::nullopt) {
    DownloadReport report;
    auto& file = report.files.emplace_back();
    file.name = push.name;
    file.content = wire::to_hex(push.content);
    file.size = 1000;  // whatever the push claims
    file.error = std::move(error);
    return report;
}

/// A peer that takes pushes: its share, its clock, and the downloads that it was told to begin.
struct Receiver {
    explicit Receiver(AcceptPush accept = AcceptPush::new_files)
        : inbox({.accept = accept,
                 .share = share,
                 .download =
                     [this](auto order, auto on_done) {
                         begun.push_back({std::move(order), std::move(on_done)});
                         return nullptr;
                     },
                 .now = [this] { return now; },
                 .on_failed =
                     [this](auto const& name, auto const& why) {
                         told.push_back(name + ": " + why.message);
                     }}) {}

    Pushed ask(wire::Push const& push) {
        auto const answer = inbox.answer(push);
        REQUIRE(std::holds_alternative<Pushed>(answer));
        return std::get<Pushed>(answer);
    }

    wire::Failure refused(wire::Push const& push) {
        auto const answer = inbox.answer(push);
        REQUIRE(std::holds_alternative<wire::Failure>(answer));
        return std::get<wire::Failure>(answer);
    }

    void share_it(wire::Push const& push, std::string const& name) {
        share.put({name, push.content, nullptr, {push.size, 0, 0}});
    }

    struct Begun {
        jobs::DownloadTask::Order order;
        jobs::DownloadTask::OnDone done;
    };

    swarm::ShareTable share;
    wire::Time now{1h};
    std::vector<Begun> begun;
    std::vector<std::string> told;
    PushInbox inbox;
};

Error const disk_full{Errc::disk, "the disk is full"};

}  // namespace

TEST_CASE("A push that fails is told to the owner of the disk, too; one that comes is not") {
    Receiver receiver;
    receiver.ask(push_of(1, "comes.bin"));
    receiver.ask(push_of(2, "fails.bin"));
    receiver.begun.at(0).done(report_of(push_of(1, "comes.bin")));
    CHECK(receiver.told.empty());
    receiver.begun.at(1).done(report_of(push_of(2, "fails.bin"), disk_full));
    CHECK(receiver.told == std::vector<std::string>{"fails.bin: the disk is full"});
}

TEST_CASE("A push begins a download of exactly that content, and asks about it after that") {
    Receiver receiver;
    auto const push = push_of(7, "data/model.bin");
    CHECK(receiver.ask(push) == Pushed{WireState::waiting, 0, ""});
    CHECK(receiver.ask(push).state == WireState::waiting);
    REQUIRE(receiver.begun.size() == 1);
    auto const& order = receiver.begun[0].order;
    CHECK(order.query == "data/model.bin@" + wire::to_hex(push.content));
    CHECK_FALSE(order.force);
    CHECK(order.pushed);
    receiver.begun[0].done(report_of(push));
    CHECK(receiver.ask(push) == Pushed{WireState::there, 1000, ""});
    CHECK(receiver.begun.size() == 1);
}

TEST_CASE("A name that looks like a pattern means that name alone") {
    Receiver receiver;
    static_cast<void>(receiver.ask(push_of(1, "a[1]*?\\.bin")));
    CHECK(receiver.begun.at(0).order.query.starts_with("a\\[1]\\*\\?\\\\.bin@"));
    static_cast<void>(receiver.ask(push_of(2, std::string(250, '*'))));
    CHECK(receiver.begun.at(1).order.query.starts_with(std::string(250, '*') + "@"));
}

TEST_CASE("What is shared already is there, under whatever name, also where pushes are refused") {
    Receiver receiver(GENERATE(AcceptPush::new_files, AcceptPush::none));
    receiver.share_it(push_of(1), "other.bin");
    CHECK(receiver.ask(push_of(1)) == Pushed{WireState::there, 1000, ""});
    CHECK(receiver.begun.empty());
}

TEST_CASE("A peer that accepts no pushes refuses them and begins nothing") {
    Receiver receiver(AcceptPush::none);
    auto const answer = receiver.ask(push_of(1));
    CHECK(answer.state == WireState::refused);
    CHECK_FALSE(answer.reason.empty());
    CHECK(receiver.begun.empty());
}

TEST_CASE("A name that could leave the directory is no push") {
    Receiver receiver;
    for (std::string const name : {"../x", "/etc/passwd", "", "a//b", ".xfs-a"}) {
        INFO(name);
        CHECK(receiver.refused(push_of(1, name)).code == wire::ErrorCode::bad_message);
    }
    CHECK(receiver.begun.empty());
}

TEST_CASE("A download that fails is told with its reason") {
    Receiver receiver;
    auto const whole = GENERATE(true, false);
    static_cast<void>(receiver.ask(push_of(1)));
    receiver.begun[0].done(whole ? Result<DownloadReport>(disk_full)
                                 : Result<DownloadReport>(report_of(push_of(1), disk_full)));
    CHECK(receiver.ask(push_of(1)) == Pushed{WireState::failed, 0, "the disk is full"});
}

TEST_CASE("Another content that came under that name is no success") {
    Receiver receiver;
    static_cast<void>(receiver.ask(push_of(1)));
    receiver.begun[0].done(report_of(push_of(2)));
    CHECK(receiver.ask(push_of(1)).state == WireState::failed);
}

TEST_CASE("A reason that is too long for a message is cut between two characters") {
    Receiver receiver;
    static_cast<void>(receiver.ask(push_of(1)));
    std::string const text = std::string(wire::limits::text_bytes - 1, 'x') + "ü and so on";
    receiver.begun[0].done(Error{Errc::failed, text});
    auto const reason = receiver.ask(push_of(1)).reason;
    CHECK(reason == std::string(wire::limits::text_bytes - 1, 'x'));
    CHECK(wire::valid_utf8(reason));
}

TEST_CASE("A failed push is tried again when it comes later than 10 s after, three times in all") {
    Receiver receiver;
    auto const push = push_of(1);
    static_cast<void>(receiver.ask(push));
    for (std::size_t tries = 1; tries <= 3; ++tries) {
        REQUIRE(receiver.begun.size() == tries);
        receiver.begun.back().done(disk_full);
        receiver.now += PushInbox::retry_after;
        CHECK(receiver.ask(push).state == WireState::failed);
        CHECK(receiver.begun.size() == tries);
        receiver.now += 1ms;
        CHECK(receiver.ask(push).state == (tries < 3 ? WireState::waiting : WireState::failed));
    }
    CHECK(receiver.begun.size() == 3);
}

TEST_CASE("More pushes at once than are allowed are answered busy, until one is over") {
    Receiver receiver;
    for (unsigned i = 0; i < PushInbox::pushes_most; ++i) {
        CHECK(receiver.ask(push_of(i)).state == WireState::waiting);
    }
    auto const one_more = push_of(PushInbox::pushes_most);
    CHECK(receiver.refused(one_more).code == wire::ErrorCode::busy);
    CHECK(receiver.ask(push_of(0)).state == WireState::waiting);
    receiver.begun[5].done(disk_full);
    CHECK(receiver.ask(one_more).state == WireState::waiting);
}

TEST_CASE("How a push ended is forgotten after ten minutes; then it begins anew") {
    Receiver receiver;
    static_cast<void>(receiver.ask(push_of(1)));
    receiver.begun[0].done(report_of(push_of(1)));
    receiver.now += PushInbox::remembered_for - 1ms;
    CHECK(receiver.ask(push_of(1)).state == WireState::there);
    receiver.now += 1ms;
    CHECK(receiver.ask(push_of(1)).state == WireState::waiting);
    CHECK(receiver.begun.size() == 2);
}

TEST_CASE("Of more pushes that are over than are remembered, the oldest is forgotten") {
    Receiver receiver;
    unsigned const most = PushInbox::remembered_most;
    for (unsigned i = 0; i <= most; ++i) {
        static_cast<void>(receiver.ask(push_of(i)));
        receiver.begun.back().done(report_of(push_of(i)));
        receiver.now += 1ms;
    }
    CHECK(receiver.ask(push_of(1)).state == WireState::there);
    CHECK(receiver.ask(push_of(most)).state == WireState::there);
    CHECK(receiver.begun.size() == most + 1);
    CHECK(receiver.ask(push_of(0)).state == WireState::waiting);
}

TEST_CASE("A push that runs is not forgotten, however long it takes") {
    Receiver receiver;
    static_cast<void>(receiver.ask(push_of(1)));
    receiver.now += 24h;
    CHECK(receiver.ask(push_of(1)).state == WireState::waiting);
    CHECK(receiver.begun.size() == 1);
}

TEST_CASE("A pushed file that was shared and is gone is fetched again") {
    Receiver receiver;
    auto const push = push_of(1);
    static_cast<void>(receiver.ask(push));
    receiver.begun[0].done(report_of(push));
    receiver.share_it(push, push.name);
    CHECK(receiver.ask(push).state == WireState::there);
    receiver.share.remove(push.name);
    CHECK(receiver.ask(push).state == WireState::waiting);
    CHECK(receiver.begun.size() == 2);
}

TEST_CASE("How much of a pushed file is here is told by the file, not by the push") {
    Receiver receiver;
    auto push = push_of(1);
    push.size = wire::limits::file_bytes;
    static_cast<void>(receiver.ask(push));
    receiver.begun[0].done(report_of(push));
    CHECK(receiver.ask(push) == Pushed{WireState::there, 1000, ""});
}

TEST_CASE("A download may be over before it has returned") {
    swarm::ShareTable const share;
    PushInbox inbox({.accept = AcceptPush::new_files,
                     .share = share,
                     .download =
                         [](auto const&, auto const& on_done) {
                             on_done(disk_full);
                             return nullptr;
                         },
                     .now = [] { return wire::Time{1h}; },
                     .on_failed = [](auto const&, auto const&) {}});
    CHECK(std::get<Pushed>(inbox.answer(push_of(1))).state == WireState::failed);
}

TEST_CASE("A receiver that replaces older versions has its downloads do so") {
    Receiver receiver(AcceptPush::replace);
    static_cast<void>(receiver.ask(push_of(1)));
    CHECK(receiver.begun.at(0).order.force);
}

TEST_CASE("What fails for want of a tracker or of sources waits, and is tried again each second") {
    auto const code = GENERATE(Errc::tracker_unreachable, Errc::not_found, Errc::network);
    Receiver receiver;
    auto const push = push_of(1);
    static_cast<void>(receiver.ask(push));
    receiver.begun[0].done(Error{code, "not now"});
    CHECK(receiver.ask(push) == Pushed{WireState::waiting, 0, ""});
    CHECK(receiver.begun.size() == 1);
    for (std::size_t tries = 2; tries < 10; ++tries) {
        receiver.now += PushInbox::soon_after;
        CHECK(receiver.ask(push).state == WireState::waiting);
        REQUIRE(receiver.begun.size() == tries);
        receiver.begun.back().done(Error{code, "not now"});
    }
    CHECK(receiver.told.empty());
    receiver.now += PushInbox::soon_after;
    static_cast<void>(receiver.ask(push));
    receiver.begun.back().done(report_of(push));
    CHECK(receiver.ask(push).state == WireState::there);
}

TEST_CASE("After a minute what fails for want of sources has failed, and is told") {
    Receiver receiver;
    auto const push = push_of(1);
    static_cast<void>(receiver.ask(push));
    receiver.begun[0].done(Error{Errc::not_found, "nobody has it"});
    receiver.now += PushInbox::soon_for;
    CHECK(receiver.ask(push).state == WireState::waiting);
    receiver.begun.at(1).done(Error{Errc::not_found, "nobody has it"});
    CHECK(receiver.ask(push) == Pushed{WireState::failed, 0, "nobody has it"});
    CHECK(receiver.told.size() == 1);
}

TEST_CASE("A push that has to have its name is not there under another one") {
    Receiver receiver;
    auto push = push_of(1, "b.bin");
    push.named = true;
    receiver.share_it(push, "a.bin");
    CHECK(receiver.ask(push).state == WireState::waiting);
    auto other = push;
    other.name = "c.bin";
    CHECK(receiver.ask(other).state == WireState::waiting);
    CHECK(receiver.begun.size() == 2);
    receiver.share_it(push, "b.bin");
    CHECK(receiver.ask(push).state == WireState::there);
}

TEST_CASE("Another content of the name is not what a push of several files asks for by its name") {
    Receiver receiver;
    receiver.share_it(push_of(1, "file.bin"), "file.bin");
    auto push = push_of(2, "file.bin");
    push.named = true;
    CHECK(receiver.ask(push).state == WireState::waiting);
    CHECK(receiver.begun.size() == 1);
}
