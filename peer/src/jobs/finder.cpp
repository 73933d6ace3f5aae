#include "jobs/finder.hpp"

#include "telemetry/log_events.hpp"

#include <xfsbus/swarm/look_budget.hpp>
#include <xfsbus/swarm/probe_plan.hpp>
#include <xfsbus/wire/glob.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <limits>

namespace xfsbus::peer::jobs {
namespace {

/// So long others may take at least, once somebody has answered.
constexpr auto grace_least = std::chrono::milliseconds(20);
constexpr auto answer_patience = std::chrono::milliseconds(1500);
/// Of all of a question's sources together: who has not been asked by then is not.
constexpr auto probing_most = std::chrono::seconds(10);
/// A connection that failed holds its descriptors until libzmq's threads have closed it.
constexpr auto closing_most = std::chrono::milliseconds(50);
/// Other downloads' connections may make room at any time.
constexpr auto room_pause = std::chrono::milliseconds(100);
constexpr std::size_t id_digits_least = 4;
/// Contents that one source is asked about; of more it may say nothing anyway.
constexpr std::size_t contents_most = swarm::LookBudget::of_one_most;
/// So long it is asked about more of them than fit into one Ping: nobody can hold up a find.
constexpr auto contents_time = std::chrono::seconds(1);

wire::Find question(wire::FindBy by, std::string const& query, Finder::Most most) {
    return {by, query, {}, 0, most.value_or(0), !most};
}

/// The tracker is not trusted with names: one that could leave the directory is not even shown.
void drop_bad_names(std::vector<wire::FoundFile>& files) {
    std::erase_if(files, [](auto const& file) { return wire::name_problem(file.name); });
}

}  // namespace

std::optional<Version> parse_version(std::string const& query) {
    auto const at = query.rfind('@');
    if (at == std::string::npos) {
        return std::nullopt;
    }
    auto const id = query.substr(at + 1);
    bool const hex = id.size() >= id_digits_least && id.size() <= 2 * wire::ContentId::size &&
                     std::ranges::all_of(id, [](char c) {
                         return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                     });
    return hex ? std::optional(Version{query.substr(0, at), id}) : std::nullopt;
}

/// A number of sources that are being asked.
struct Finder::Round {
    using OnVitals = std::function<void(wire::SourceEntry const&, std::shared_ptr<net::Link> const&,
                                        Result<net::Link::Vitals> const&)>;

    swarm::ProbePlan plan;
    std::map<wire::Endpoint, wire::SourceEntry> sources{};
    std::map<wire::Endpoint, std::set<wire::ContentId>> contents{};  ///< to be asked about
    std::set<wire::ContentId> own_contents{};                        ///< of this peer,
    wire::Endpoint own_endpoint{};                                   ///< which is named so
    Held held{};
    std::size_t content_questions = 0;  ///< that are open
    wire::Time until{};
    OnVitals on_vitals{};
    std::function<void()> on_done{};
    wire::Time begun{};
    bool hurries = false;  ///< on_done need not wait for those that take far longer than others
    bool asking = false;
    bool warned = false;
    bool dropped = false;  ///< the finder is gone

    void note_contents(std::vector<wire::FoundFile> const& files, wire::PeerId const& self);
    [[nodiscard]] std::vector<wire::ContentId> next_contents(wire::Endpoint const& source);
    void note_held(wire::Endpoint const& source, std::vector<wire::ContentId> const& asked,
                   std::vector<std::uint32_t> const& have);

    [[nodiscard]] bool over() { return plan.over() && content_questions == 0; }
};

void Finder::Round::note_contents(std::vector<wire::FoundFile> const& files,
                                  wire::PeerId const& self) {
    for (auto const& file : files) {
        for (auto const& source : file.sources) {
            bool const own = source.peer == self;
            own_endpoint = own ? source.listens : own_endpoint;
            auto& all = own ? own_contents : contents[source.listens];
            if (all.size() < contents_most) {
                all.insert(file.content);
            }
        }
    }
}

/// As many as fit into a Ping.
std::vector<wire::ContentId> Finder::Round::next_contents(wire::Endpoint const& source) {
    std::vector<wire::ContentId> some;
    auto& all = contents[source];
    while (some.size() < wire::limits::contents_per_ping && !all.empty()) {
        some.push_back(all.extract(all.begin()).value());
    }
    return some;
}

void Finder::Round::note_held(wire::Endpoint const& source,
                              std::vector<wire::ContentId> const& asked,
                              std::vector<std::uint32_t> const& have) {
    for (std::size_t i = 0; i < std::min(asked.size(), have.size()); ++i) {
        held[{source, asked[i]}] = have[i];
    }
    if (have.size() < asked.size()) {
        contents.erase(source);  // it will say no more
    }
}

Finder::Finder(Network const& network, telemetry::Log const& log) : network_(network), log_(log) {}

Finder::~Finder() {
    for (auto const& round : rounds_) {
        round->dropped = true;
    }
}

Error Finder::nobody(std::string const& query) {
    return {Errc::not_found, "no peer that is up has '" + wire::escape(query) + "'"};
}

void Finder::find(std::string const& query, Most most, OnFiles on_files) {
    network_.tracker.find(question(wire::FindBy::name, query, most),
                          [this, query, most, on_files = std::move(on_files)](auto files) mutable {
                              if (files) {
                                  drop_bad_names(*files);
                              }
                              if (!files || !files->empty()) {
                                  return on_files(std::move(files));
                              }
                              find_version(query, most, std::move(on_files));
                          });
}

void Finder::find_version(std::string const& query, Most most, OnFiles on_files) {
    auto const version = parse_version(query);
    if (!version) {
        return find_pattern(query, most, std::move(on_files));
    }
    network_.tracker.find(question(wire::FindBy::content_prefix, version->id, most),
                          [this, query, most, name = version->name,
                           on_files = std::move(on_files)](auto files) mutable {
                              if (!files) {
                                  return on_files(files.error());
                              }
                              drop_bad_names(*files);
                              std::erase_if(*files, [&](auto const& file) {
                                  return !name.empty() && !wire::glob_match(name, file.name) &&
                                         name != file.name;
                              });
                              if (files->empty()) {
                                  return find_pattern(query, most, std::move(on_files));
                              }
                              on_files(std::move(files));
                          });
}

/// It may have been meant as a directory.
void Finder::look_below(std::string const& query, OnFiles const& on_files) {
    auto const below = query + "/**";
    if (wire::name_problem(query) || below.size() > wire::limits::pattern_bytes) {
        return on_files(nobody(query));
    }
    network_.tracker.find_first(
        {wire::FindBy::glob, below, {}, 0}, [query, below, on_files](auto files) {
            bool const there = files && !files->empty();
            on_files(there ? Error{Errc::not_found, nobody(query).message +
                                                        ", but there are files below it: say '" +
                                                        wire::escape(below) + "'"}
                           : nobody(query));
        });
}

void Finder::find_pattern(std::string const& query, Most most, OnFiles on_files) {
    if (!wire::is_glob(query)) {
        return look_below(query, on_files);
    }
    if (query.size() > wire::limits::pattern_bytes) {
        // It may have been meant as a name, which may be longer.
        return on_files(
            Error{Errc::not_found, nobody(query).message + ", and a pattern has at most " +
                                       std::to_string(wire::limits::pattern_bytes) + " bytes"});
    }
    network_.tracker.find(question(wire::FindBy::glob, query, most),
                          [query, on_files = std::move(on_files)](auto files) {
                              if (!files) {
                                  return on_files(files.error());
                              }
                              drop_bad_names(*files);
                              if (files->empty()) {
                                  return on_files(nobody(query));
                              }
                              on_files(std::move(files));
                          });
}

// ---- how they are ----

void Finder::probe(std::vector<wire::FoundFile> const& files, OnProbed on_probed) {
    auto const probed = std::make_shared<Probed>();
    auto const gone = std::make_shared<Gone>();
    auto const round = plan(files, std::numeric_limits<std::size_t>::max());
    round->note_contents(files, network_.self);
    round->on_vitals = [probed, gone](auto const& source, auto const&, auto const& vitals) {
        if (vitals) {
            probed->emplace(source.listens, *vitals);
        } else if (vitals.error().code == Errc::network) {
            gone->emplace(source.listens, vitals.error().message);
        }
    };
    round->on_done = [probed, gone, raw = round.get(), on_probed = std::move(on_probed)] {
        on_probed(std::move(*probed), std::move(*gone), std::move(raw->held));
    };
    begin(round);
}

void Finder::probe_each(std::vector<wire::FoundFile> const& files, std::size_t enough,
                        std::vector<wire::Endpoint> const& known, OnEach on_each,
                        std::function<void()> on_done) {
    auto const round = plan(files, enough);
    for (auto const& endpoint : known) {
        round->plan.known(endpoint);
    }
    round->on_vitals = [on_each = std::move(on_each)](auto const& source, auto const& link,
                                                      auto const& vitals) {
        if (!vitals) {
            return on_each(source, vitals.error());
        }
        auto const part = static_cast<double>(source.have_ppm) / wire::complete_ppm;
        on_each(source, Candidate{link, source.labels, *vitals, part});
    };
    round->on_done = std::move(on_done);
    round->hurries = true;
    begin(round);
}

/// All but this peer itself.
std::shared_ptr<Finder::Round> Finder::plan(std::vector<wire::FoundFile> const& files,
                                            std::size_t enough) const {
    auto round = std::make_shared<Round>(Round{.plan = swarm::ProbePlan(enough)});
    for (auto const& file : files) {
        std::vector<wire::Endpoint> others;
        for (auto const& source : file.sources) {
            if (source.peer != network_.self) {
                others.push_back(source.listens);
                round->sources.emplace(source.listens, source);
            }
        }
        round->plan.add_file(others);
    }
    round->until = network_.scheduler.now() + probing_most;
    return round;
}

void Finder::begin(std::shared_ptr<Round> const& round) {
    rounds_.insert(round);
    round->begun = network_.scheduler.now();
    look_here(round);
    ask_some(round);
}

/// A file of this peer may be gone as well as another's.
void Finder::look_here(std::shared_ptr<Round> const& round) {
    if (round->own_contents.empty() || !network_.look) {
        return;
    }
    std::vector<wire::ContentId> const contents(round->own_contents.begin(),
                                                round->own_contents.end());
    ++round->content_questions;
    network_.look(contents, [this, weak = std::weak_ptr(round), contents](auto have) {
        auto const there = weak.lock();
        if (there && !there->dropped) {
            --there->content_questions;
            there->note_held(there->own_endpoint, contents, have);
            ask_some(there);
        }
    });
}

/// Beside the question how it is, so that an answer that takes its time makes nobody look slow.
void Finder::ask_contents(std::shared_ptr<Round> const& round,
                          std::shared_ptr<net::Link> const& link, wire::Time until) {
    auto contents = round->next_contents(link->endpoint());
    if (contents.empty() || network_.scheduler.now() >= until) {
        return;
    }
    ++round->content_questions;
    auto on_answer = [this, weak = std::weak_ptr(round), link, contents,
                      until](auto const& answer) {
        auto const there = weak.lock();
        if (!there || there->dropped) {
            return;
        }
        --there->content_questions;
        auto const* pong = answer ? std::get_if<wire::Pong>(&*answer) : nullptr;
        there->note_held(link->endpoint(), contents,
                         pong ? pong->have : std::vector<std::uint32_t>());
        ask_contents(there, link, until);
        ask_some(there);
    };
    link->ask(wire::Ping{std::move(contents)}, answer_patience, std::move(on_answer));
}

/// Asks as many as may be asked now; ends the round when nobody is left to be waited for.
void Finder::ask_some(std::shared_ptr<Round> const& round) {
    if (std::exchange(round->asking, true)) {
        return;  // a link may answer at once
    }
    if (network_.scheduler.now() >= round->until) {
        round->plan.stop();
    }
    while (!round->dropped) {
        auto const endpoint = round->plan.next();
        if (!endpoint) {
            break;
        }
        if (network_.links.room_for(*endpoint)) {
            ask_one(round, round->sources.at(*endpoint));
        } else {
            wait_for_room(round, *endpoint);
        }
    }
    round->asking = false;
    if (!round->dropped && round->over()) {
        finish(round);
    }
}

void Finder::wait_for_room(std::shared_ptr<Round> const& round, wire::Endpoint const& source) {
    round->plan.on_no_room(source);
    network_.scheduler.at(network_.scheduler.now() + room_pause,
                          [this, weak = std::weak_ptr(round)] {
                              auto const there = weak.lock();
                              if (there && !there->dropped) {
                                  there->plan.on_room();
                                  ask_some(there);
                              }
                          });
}

void Finder::ask_one(std::shared_ptr<Round> const& round, wire::SourceEntry const& source) {
    auto link = network_.links.to(source.listens);
    if (!link) {
        if (!std::exchange(round->warned, true)) {  // the others' trouble will be the same
            log_(telemetry::note(LogLevel::warning, link.error().message));
        }
        return on_answer(round, source, nullptr, link.error());
    }
    auto* const raw = link->get();
    raw->probe(answer_patience, [this, weak = std::weak_ptr(round), source,
                                 link = *link](Result<net::Link::Vitals> const& vitals) {
        if (auto const there = weak.lock()) {
            on_answer(there, source, link, vitals);
        }
    });
    if (!round->dropped) {
        ask_contents(round, *link, network_.scheduler.now() + contents_time);
    }
}

void Finder::on_answer(std::shared_ptr<Round> const& round, wire::SourceEntry const& source,
                       std::shared_ptr<net::Link> const& link,
                       Result<net::Link::Vitals> const& vitals) {
    round->plan.on_result(source.listens, vitals.ok());
    if (!vitals) {
        round->plan.on_closing();
        network_.scheduler.at(network_.scheduler.now() + closing_most,
                              [this, weak = std::weak_ptr(round)] {
                                  auto const there = weak.lock();
                                  if (there && !there->dropped) {
                                      there->plan.on_closed();
                                      ask_some(there);
                                  }
                              });
    }
    round->on_vitals(source, link, vitals);  // may be the end of the finder
    if (!round->dropped) {
        hurry(round);
        ask_some(round);
    }
}

/// Once there is somebody for each file, the others may take twice as long again: those that take
/// longer join later.
void Finder::hurry(std::shared_ptr<Round> const& round) {
    if (!round->hurries || !round->plan.all_have_one()) {
        return;
    }
    round->hurries = false;
    auto const now = network_.scheduler.now();
    auto const grace = std::max<wire::Duration>(2 * (now - round->begun), grace_least);
    network_.scheduler.at(now + grace, [weak = std::weak_ptr(round)] {
        auto const there = weak.lock();
        if (there && !there->dropped && there->on_done) {
            std::exchange(there->on_done, {})();  // the finder may be gone then
        }
    });
}

void Finder::finish(std::shared_ptr<Round> const& round) {
    if (rounds_.erase(round) > 0 && round->on_done) {
        std::exchange(round->on_done, {})();  // this may be gone then
    }
}

void Finder::abandon() {
    for (auto const& round : std::set(rounds_)) {
        round->plan.stop();
        finish(round);
    }
}

}  // namespace xfsbus::peer::jobs
