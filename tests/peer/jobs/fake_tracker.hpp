#pragma once

#include "net/tracker_questions.hpp"
#include "virtual_time.hpp"

#include <xfsbus/wire/glob.hpp>

#include <algorithm>
#include <deque>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace xfsbus::peer::jobs::test {

inline Error no_tracker() {
    return {Errc::tracker_unreachable, "no answer from the tracker"};
}

/// Knows what a test puts into it.
class FakeTracker final : public net::TrackerQuestions {
  public:
    explicit FakeTracker(VirtualTime& time) : time_(time) {}

    void find(wire::Find question, OnAnswer<std::vector<wire::FoundFile>> on_files) override {
        asked.push_back(question);
        if (!is_up || !finds) {
            return time_.post([on_files = std::move(on_files)] { on_files(no_tracker()); });
        }
        time_.post([this, question = std::move(question), on_files = std::move(on_files)] {
            std::vector<wire::FoundFile> found;
            std::ranges::copy_if(files, std::back_inserter(found),
                                 [&](auto const& file) { return matches(question, file); });
            on_files(std::move(found));
        });
    }

    void find_first(wire::Find question, OnAnswer<std::vector<wire::FoundFile>> on_files) override {
        find(std::move(question), std::move(on_files));
    }

    /// Answers with what a test has put into `changes`; else it waits for that.
    void subscribe(wire::Subscribe question, OnAnswer<wire::Changes> on_changes) override {
        subscribed.push_back(std::move(question));
        on_changes_ = std::move(on_changes);
        answer_subscription();
    }

    void answer_subscription() {
        if (on_changes_ && !changes.empty()) {
            auto answer = std::move(changes.front());
            changes.pop_front();
            time_.post([on_changes = std::exchange(on_changes_, {}), answer = std::move(answer)] {
                on_changes(answer);
            });
        }
    }

    void look_at_peers(OnAnswer<Look> on_look) override {
        time_.post([this, on_look = std::move(on_look)] {
            trouble ? on_look(*trouble) : is_up ? on_look(peers) : on_look(no_tracker());
        });
    }

    bool is_up = true;             ///< else no question is answered
    bool finds = true;             ///< else no question for files is
    std::optional<Error> trouble;  ///< its answer to who asks for its peers
    Look peers;
    std::vector<wire::FoundFile> files;
    std::vector<wire::Find> asked;
    std::deque<Result<wire::Changes>> changes;
    std::vector<wire::Subscribe> subscribed;

  private:
    static bool matches(wire::Find const& question, wire::FoundFile const& file) {
        switch (question.by) {
            case wire::FindBy::name:
                return file.name == question.query;
            case wire::FindBy::glob:
                return wire::glob_match(question.query, file.name);
            default:
                return wire::to_hex(file.content).starts_with(question.query);
        }
    }

    VirtualTime& time_;
    OnAnswer<wire::Changes> on_changes_;
};

}  // namespace xfsbus::peer::jobs::test
