#include "runtime/waiters.hpp"

#include "catch.hpp"
#include "runtime/answers.hpp"

#include <thread>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::runtime;

TEST_CASE("Who gives up waiting is not told, and leaves nothing behind") {
    Waiters<int> sut;
    int told = 0;
    auto const patient = std::make_shared<int>();
    for (int i = 0; i < 1000; ++i) {
        auto const impatient = std::make_shared<int>();
        sut.add(impatient, [&](int) { told += 100; });
    }
    sut.add(patient, [&](int news) { told += news; });
    CHECK(sut.size() == 1);
    sut.tell(7);
    CHECK(told == 7);
    CHECK(sut.size() == 0);
}

TEST_CASE("Who begins to wait while others are told waits for the next time") {
    Waiters<> sut;
    auto const who = std::make_shared<int>();
    int told = 0;
    sut.add(who, [&] { sut.add(who, [&] { ++told; }); });
    sut.tell();
    CHECK(told == 0);
    sut.tell();
    CHECK(told == 1);
}

TEST_CASE("An answer is waited for as long as one may") {
    Answer<int> sut;
    CHECK(sut.wait(std::chrono::milliseconds(1)).error().code == Errc::timeout);
    std::stop_source stop;
    stop.request_stop();
    CHECK(sut.wait(stop.get_token()).error().code == Errc::interrupted);
    std::jthread const other([&] { sut.set(5); });
    CHECK(*sut.wait(std::chrono::milliseconds::max()) == 5);
}

TEST_CASE("When there are no answers any more, all who wait and who will wait are told why") {
    Answers sut;
    auto const before = std::make_shared<Answer<int>>();
    sut.expect(before);
    sut.fail({Errc::ended, "over"});
    CHECK(before->wait({}).error().message == "over");
    auto const after = std::make_shared<Answer<int>>();
    sut.expect(after);
    CHECK(after->wait({}).error().code == Errc::ended);
    // What there is stays.
    auto const answered = std::make_shared<Answer<int>>();
    answered->set(1);
    sut.expect(answered);
    CHECK(*answered->wait({}) == 1);
}
