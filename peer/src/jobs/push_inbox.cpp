#include "jobs/push_inbox.hpp"

#include <xfsbus/wire/glob.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <optional>

namespace xfsbus::peer::jobs {
namespace {

/// The pattern that matches this name and no other. A name too long for a pattern stands for
/// itself.
std::string literal(std::string const& name) {
    std::string pattern;
    for (char const c : name) {
        if (wire::is_glob(std::string_view(&c, 1))) {
            pattern += '\\';
        }
        pattern += c;
    }
    return pattern.size() <= wire::limits::pattern_bytes ? pattern : name;
}

/// The beginning of a text that fits into a message, cut between two characters.
std::string fitting(std::string const& text) {
    auto end = std::min(text.size(), wire::limits::text_bytes);
    while (end > 0 && end < text.size() &&
           (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    return text.substr(0, end);
}

/// The size of this content if it came, else why it did not.
Result<std::uint64_t> outcome_of(Result<DownloadReport> const& report, std::string const& content) {
    if (!report) {
        return report.error();
    }
    // A file that is really called NAME@ID comes before what NAME@ID means.
    auto const file = std::ranges::find(report->files, content, &DownloadedFile::content);
    if (file == report->files.end()) {
        return Error{Errc::failed, "another content has come under that name"};
    }
    return file->error ? Result<std::uint64_t>(*file->error) : Result(file->size);
}

bool may_pass(Errc code) {
    return code == Errc::tracker_unreachable || code == Errc::not_found || code == Errc::network ||
           code == Errc::timeout;
}

}  // namespace

void PushInbox::Job::look() {
    auto const running = download.lock();
    if (over() || !running) {
        return;
    }
    stands.bytes = running->bytes_done();
    stands.state = stands.bytes > 0 ? wire::PushState::fetching : wire::PushState::waiting;
}

void PushInbox::Job::end(Result<std::uint64_t> const& outcome, wire::Time now) {
    stands.state = outcome ? wire::PushState::there : wire::PushState::failed;
    stands.bytes = outcome ? *outcome : stands.bytes;
    stands.reason = outcome ? "" : fitting(outcome.error().message);
    ended = now;
    passing = !outcome && may_pass(outcome.error().code) && now - begun < soon_for;
}

wire::Pushed PushInbox::Job::told() const {
    return passing ? wire::Pushed{wire::PushState::waiting, stands.bytes, {}} : stands;
}

/// What of the share answers the push.
swarm::IndexedFile const* PushInbox::file_of(wire::Push const& push) const {
    if (!push.named) {
        return owner_.share.by_content(push.content);
    }
    auto const* file = owner_.share.by_name(push.name);
    return file != nullptr && file->content == push.content ? file : nullptr;
}

wire::Message PushInbox::answer(wire::Push const& push) {
    if (auto const problem = wire::name_problem(push.name)) {
        return wire::Failure{wire::ErrorCode::bad_message, "the name of the push " + *problem, 0};
    }
    forget_old();
    Key const key{push.content, push.named ? push.name : std::string()};
    auto const found = jobs_.find(key);
    if (auto const* file = file_of(push)) {
        if (found != jobs_.end() && found->second->over()) {
            jobs_.erase(found);  // from now on the share knows better whether it is there
        }
        return wire::Pushed{wire::PushState::there, file->stamp.size, {}};
    }
    if (owner_.accept == AcceptPush::none) {
        return wire::Pushed{wire::PushState::refused, 0,
                            "it takes no pushes: it runs without --accept-push"};
    }
    auto job = found == jobs_.end() ? std::make_shared<Job>() : found->second;
    if (found == jobs_.end() || due_again(*job)) {
        if (running() >= pushes_most) {
            return wire::Failure{wire::ErrorCode::busy, "it fetches too many pushed files already",
                                 0};
        }
        jobs_[key] = job;
        begin(push, job);
    }
    job->look();
    return job->told();
}

void PushInbox::begin(wire::Push const& push, std::shared_ptr<Job> const& job) {
    job->begun = job->tries == 0 ? owner_.now() : job->begun;
    job->tries += std::exchange(job->passing, false) ? 0 : 1;
    job->stands = {wire::PushState::waiting, 0, {}};
    if (owner_.on_taken) {
        owner_.on_taken(push);
    }
    DownloadTask::Order order;
    order.force = owner_.accept == AcceptPush::replace;
    order.pushed = true;
    order.query = literal(push.name) + "@" + wire::to_hex(push.content);
    auto on_done = [job, push, now = owner_.now,
                    on_failed = owner_.on_failed](Result<DownloadReport> const& report) {
        auto const outcome = outcome_of(report, wire::to_hex(push.content));
        job->end(outcome, now());
        if (!outcome && !job->passing) {
            on_failed(push.name, outcome.error());
        }
    };
    job->download = owner_.download(std::move(order), std::move(on_done));
}

bool PushInbox::due_again(Job const& job) const {
    if (job.passing) {
        return job.over() && owner_.now() - job.ended >= soon_after;
    }
    return job.stands.state == wire::PushState::failed && job.tries < tries_most &&
           owner_.now() - job.ended > retry_after;
}

std::size_t PushInbox::running() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(jobs_, [](auto const& entry) { return !entry.second->over(); }));
}

/// Those that are over long ago; of more than can be remembered, those that are over longest.
void PushInbox::forget_old() {
    std::erase_if(jobs_, [now = owner_.now()](auto const& entry) {
        return entry.second->over() && now - entry.second->ended >= remembered_for;
    });
    auto const older = [](auto const& a, auto const& b) {
        return std::pair(!a.second->over(), a.second->ended) <
               std::pair(!b.second->over(), b.second->ended);
    };
    while (jobs_.size() - running() > remembered_most) {
        jobs_.erase(std::ranges::min_element(jobs_, older));
    }
}

}  // namespace xfsbus::peer::jobs
