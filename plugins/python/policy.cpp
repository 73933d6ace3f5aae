#include "interpreter.hpp"

#include <xfsbus/policies/export.hpp>
#include <xfsbus/policies/host/words.hpp>

#include <algorithm>
#include <atomic>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace {

using namespace xfsbus::policies;
using xfsbus::plugins::Interpreter;
using Json = Interpreter::Json;

// The fields that Python sees, and their values. C++ has no way to list the members of a struct;
// these macros at least name each but once.
#define XFSBUS_REQUEST_FIELDS(FIELD)                                                    \
    FIELD(now_us), FIELD(transfer), FIELD(file_bytes), FIELD(bytes), FIELD(left_bytes), \
        FIELD(outstanding_bytes), FIELD(outstanding_most), FIELD(chunk), FIELD(copies), \
        FIELD(places), FIELD(places_used), FIELD(held_us)
#define XFSBUS_SOURCE_FIELDS(FIELD)                                                                \
    FIELD(flags), FIELD(source_id), FIELD(endpoint), FIELD(labels), FIELD(latency_ms),             \
        FIELD(rate_bytes_per_s), FIELD(completeness), FIELD(outstanding_bytes),                    \
        FIELD(window_bytes), FIELD(delivered_bytes), FIELD(duplicate_bytes), FIELD(in_use_us),     \
        FIELD(silent_us), FIELD(requests), FIELD(load), FIELD(failures), FIELD(failures_in_a_row), \
        FIELD(held_bytes), FIELD(history_bytes_per_s), FIELD(history_age_us),                      \
        FIELD(completeness_age_us)
#define XFSBUS_OUTCOME_FIELDS(FIELD)                                                      \
    FIELD(transfer), FIELD(bytes), FIELD(elapsed_us), FIELD(queued_bytes), FIELD(queued), \
        FIELD(chunk)

#define XFSBUS_FIELD_NAME(field) #field
#define XFSBUS_FIELD_VALUE(field) view.field

Json values(RequestView const& view) {
    return Json::array({purpose_word(view.purpose), XFSBUS_REQUEST_FIELDS(XFSBUS_FIELD_VALUE)});
}

Json values(SourceView const& view) {
    return Json::array({XFSBUS_SOURCE_FIELDS(XFSBUS_FIELD_VALUE)});
}

Json values(OutcomeView const& view) {
    return Json::array({outcome_word(view.reason), XFSBUS_OUTCOME_FIELDS(XFSBUS_FIELD_VALUE)});
}

Json values(std::span<SourceView const> views) {
    auto all = Json::array();
    for (auto const& view : views) {
        all.push_back(values(view));
    }
    return all;
}

using Word = std::string_view (*)(std::uint32_t);

Json words_of(Word word, std::uint32_t count) {
    auto all = Json::array();
    for (std::uint32_t number = 0; number < count; ++number) {
        all.push_back(word(number));
    }
    return all;
}

/// What all objects of a peer share: one set of global names in Python.
class Peer {
  public:
    ~Peer() {
        try {
            if (interpreter_ && interpreter_->usable()) {
                interpreter_->ask({{"do", "leave"}, {"host", number_}});
            }
        } catch (std::exception const&) {  // it has ended
        }
    }

    Peer() = default;
    Peer(Peer const&) = delete;
    Peer& operator=(Peer const&) = delete;

    [[nodiscard]] std::uint64_t number() const { return number_; }

    std::shared_ptr<Interpreter> interpreter(std::string const& command, std::string const& file) {
        std::scoped_lock const lock(mutex_);
        if (!interpreter_ || !interpreter_->usable()) {
            interpreter_ = Interpreter::of_process(command, file);
            interpreter_->ask({{"do", "words"},
                               {"request", {"purpose", XFSBUS_REQUEST_FIELDS(XFSBUS_FIELD_NAME)}},
                               {"source", {XFSBUS_SOURCE_FIELDS(XFSBUS_FIELD_NAME)}},
                               {"outcome", {"reason", XFSBUS_OUTCOME_FIELDS(XFSBUS_FIELD_NAME)}},
                               {"purposes", words_of(purpose_word, XFSBUS_PURPOSES)}});
        }
        return interpreter_;
    }

    /// Which nothing else in this process has.
    static std::uint64_t new_number() {
        static std::atomic<std::uint64_t> last{0};
        return ++last;
    }

  private:
    std::uint64_t number_ = new_number();
    std::mutex mutex_;
    std::shared_ptr<Interpreter> interpreter_;
};

std::uint64_t number_of(Json const& answer, char const* field) {
    auto const found = answer.find(field);
    if (found == answer.end()) {
        return 0;
    }
    if (!found->is_number_unsigned()) {
        throw std::runtime_error(std::string(field) + " is " + found->dump() +
                                 ", and not a whole number from 0 on");
    }
    return found->get<std::uint64_t>();
}

/// Of one of its words.
std::uint32_t action_of(Json const& answer) {
    auto const& said = answer.at("action").get_ref<std::string const&>();
    std::uint32_t action = 0;
    while (answer_word(action) != said) {
        if (++action > XFSBUS_ANSWER_LIMIT) {
            throw std::runtime_error("'" + said + "' is no answer");
        }
    }
    return action;
}

/// As a field of 32 bits has it: what does not fit is refused by the host as no source.
std::uint32_t index_of(Json const& answer, char const* field) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(
        number_of(answer, field), std::numeric_limits<std::uint32_t>::max()));
}

/// A policy that is a file of Python. Each question is a message to a program beside this one and
/// takes some 100 us where C++ takes one: for experiments, above all in the simulator, where time
/// does not pass meanwhile.
class PythonPolicy final : public PeerSelector {
  public:
    PythonPolicy(Parameters const& given, Services const& services)
        : peer_(services.shared<Peer>()),
          interpreter_(peer_.interpreter(given.text("interpreter"), given.text("file"))) {
        decides_ = interpreter_
                       ->ask({{"do", "create"},
                              {"host", peer_.number()},
                              {"object", number_},
                              {"file", given.text("file")},
                              {"class", given.text("class")},
                              {"parameter", given.text("parameter")}})
                       .get<std::uint32_t>();
    }

    ~PythonPolicy() override {
        try {
            if (interpreter_->usable()) {
                interpreter_->ask({{"do", "destroy"}, {"object", number_}});
            }
        } catch (std::exception const&) {  // it has ended
        }
    }

    PythonPolicy(PythonPolicy const&) = delete;
    PythonPolicy& operator=(PythonPolicy const&) = delete;

    std::optional<std::size_t> pick(RequestView const& request, std::span<SourceView const> sources,
                                    Rng& rng) override {
        auto const answer = ask_about("pick", request, sources, rng);
        if (answer.is_null()) {
            return std::nullopt;
        }
        if (!answer.is_number_unsigned()) {
            throw std::runtime_error("pick returned " + answer.dump() +
                                     ", and neither an index nor None");
        }
        return answer.get<std::size_t>();
    }

    [[nodiscard]] std::uint32_t decides() const override { return decides_; }

    Answer decide(RequestView const& request, std::span<SourceView const> sources,
                  Rng& rng) override {
        auto const said = ask_about("decide", request, sources, rng);
        Answer answer{};
        if (said.is_null()) {
            return answer;
        }
        if (!said.is_object() || !said.contains("action") || !said["action"].is_string()) {
            throw std::runtime_error("decide returned " + said.dump() +
                                     ", and neither None nor what choose(), swap(), wait_for(), "
                                     "nobody() or limit() returns");
        }
        answer.action = action_of(said);
        answer.source = index_of(said, "source");
        answer.gives_way = index_of(said, "gives_way");
        answer.again_us = number_of(said, "again_us");
        answer.bytes = number_of(said, "bytes");
        return answer;
    }

    std::optional<double> cost(SourceView const& source) override {
        auto const answer =
            interpreter_->ask({{"do", "cost"}, {"object", number_}, {"source", values(source)}});
        return answer.is_null() ? std::nullopt : std::optional(answer.get<double>());
    }

    void observe(SourceView const& source, OutcomeView const& outcome) override {
        interpreter_->ask({{"do", "observe"},
                           {"object", number_},
                           {"source", values(source)},
                           {"outcome", values(outcome)}});
    }

  private:
    Json ask_about(char const* what, RequestView const& request,
                   std::span<SourceView const> sources, Rng& rng) {
        return interpreter_->ask({{"do", what},
                                  {"object", number_},
                                  {"request", values(request)},
                                  {"sources", values(sources)},
                                  {"random", rng()}});
    }

    Peer& peer_;
    std::shared_ptr<Interpreter> interpreter_;
    std::uint64_t number_ = Peer::new_number();
    std::uint32_t decides_ = 0;
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(
    PythonPolicy, "python", "1.0", "what a file of Python decides, for experiments",
    XFSBUS_PARAMETER("file", "", "it has a class, or a function pick; empty: an example"),
    XFSBUS_PARAMETER("class", "", "its class, if that is not called Policy"),
    XFSBUS_PARAMETER("parameter", "", "what the class is made with"),
    XFSBUS_PARAMETER("interpreter", "python3", "the program that runs it"))
