//! Asking who has addresses.

use super::aim::{self, Aim};
use super::{Args, Witness};
use crate::cmd::args::Common;
use crate::cmd::report::Report;
use crate::cmd::stage::{Open, Scene};
use crate::error::{Kind, Result};
use crate::explain::{self, Context};
use crate::model::{ArpSummary, Hop, Ipv4Cidr, Nanos};
use crate::probe::arp::{Again, Ask, Patience, Plan, RATE};
use crate::render::arp as render;
use crate::wire::{self, Counts, Filter};

/// How long an answer may take where the user does not say.
const PATIENCE: Nanos = Nanos::SECOND;

/// Asks for single addresses.
pub async fn named(args: &Args, common: &Common, targets: Vec<String>, mut open: Open) -> Result<u8> {
    let title = targets.join(" ");
    let aim = aim::at_addresses(&mut open, targets, common, args.source).await?;
    if aim.targets.is_empty() {
        return nobody_to_ask(aim, common, open, &title);
    }
    let again = Again::Everyone(args.interval.unwrap_or(Nanos::SECOND));
    let patience = Patience::Fixed(args.timeout.unwrap_or(PATIENCE));
    ask(args, common, open, aim, Manner { title, network: None, rounds: args.count.unwrap_or(1), again, patience })
        .await
}

/// Asks for every address of a network.
pub async fn sweep(args: &Args, common: &Common, network: Ipv4Cidr, open: Open) -> Result<u8> {
    let title = args.targets.join(" ");
    let aim = aim::at_network(network, common, args.source).await?;
    let patience = args.timeout.map_or(Patience::Adaptive(PATIENCE), Patience::Fixed);
    let (rounds, again) = (args.count.unwrap_or(2), Again::Silent);
    ask(args, common, open, aim, Manner { title, network: Some(network), rounds, again, patience }).await
}

/// How a run asks.
struct Manner {
    /// What the user typed.
    title: String,
    network: Option<Ipv4Cidr>,
    rounds: u32,
    again: Again,
    patience: Patience,
}

async fn ask(args: &Args, common: &Common, open: Open, aim: Aim, manner: Manner) -> Result<u8> {
    let Manner { title, network, rounds, again, patience } = manner;
    let Aim { targets, asides, unanswerable, path, interface } = aim;
    let mac = aim::speaks_arp(&interface)?;
    let index = interface.index;
    let plan = Plan {
        ours: (mac, path.source),
        targets: targets.clone(),
        rounds,
        again,
        patience,
        deadline: args.deadline,
        first: args.first,
    };
    let router = match path.hop {
        Hop::Router { address, .. } => Some(address),
        _ => None,
    };
    let mut scene = Scene::at(open, interface, path.clone());
    let mut report =
        Report::new(common, Context { addresses: vec![path.source.into()], router: router.map(Into::into) });
    report.save_to(scene.keep()?);
    let mut heading = match network {
        Some(network) => {
            let steps = u64::from(rounds) * targets.len() as u64;
            report.sum_up(steps, common.verbose);
            vec![explain::neighbours::sweeping(&path, network, targets.len(), RATE)]
        }
        None => vec![explain::neighbours::asking(&path, mac, &targets)],
    };
    if network.is_none() && asides.is_empty() {
        // Not what the table knows about its MAC address: this run asks all the same.
        heading.extend(explain::path::heading(&path).into_iter().take(1));
    }
    heading.extend(asides.iter().cloned());
    let before = wire::neighbour_table(index).await?;
    let in_lab = scene.in_lab();
    let mut session = scene.open(&Filter::new().arp(path.source))?;
    report.begin("arp", &title, &path, in_lab, &heading)?;

    let mut witness = Witness::new(report, mac);
    let mut probe = Ask::new(plan);
    let ending = session.run(&mut probe, &mut witness).await;
    if ending.as_ref().is_err_and(|error| error.kind() == Kind::ClosedPipe) {
        return ending.map(|_| 1);
    }
    let after = wire::neighbour_table(index).await?;
    let summary = probe.summary();
    let mut verdict = explain::neighbours::verdict(&explain::neighbours::Run {
        interface: &path.interface,
        targets: &targets,
        network,
        asked: probe.asked(),
        neighbours: &witness.neighbours,
        questions: &witness.questions,
        summary: &summary,
        refused: probe.refused(),
        table: (&before, &after),
    });
    if common.json {
        // Text has said them in the heading, which JSON does not have.
        verdict.splice(0..0, asides);
    }
    let more = (network.is_none() && common.verbose < 2).then_some(("-vv", "more.ping-fields"));
    let statistics = |out: &mut dyn std::io::Write, look| {
        render::table(out, look, &witness.neighbours)?;
        render::statistics(out, look, &title, render::QUESTIONS, &summary)
    };
    witness.report.conclude(&verdict, statistics, |json, out| json.arp_summary(out, &summary), more)?;
    witness.report.close(session.counts())?;
    ending?;
    let met = match network {
        Some(_) => summary.neighbours > 0,
        None => !unanswerable && (probe.complete() || (args.first && summary.neighbours > 0)),
    };
    Ok(u8::from(!met))
}

/// Tells about addresses for which no question is sent: this host's own, and those that are no machine's.
fn nobody_to_ask(aim: Aim, common: &Common, open: Open, title: &str) -> Result<u8> {
    let mut scene = Scene::at(open, aim.interface, aim.path);
    let mut report = Report::new(common, Context::default());
    report.save_to(scene.keep()?);
    report.sum_up(0, common.verbose);
    let heading = explain::neighbours::needless(title);
    report.begin("arp", title, &scene.path, scene.in_lab(), &[heading])?;
    let summary = ArpSummary::default();
    let statistics =
        |out: &mut dyn std::io::Write, look| render::statistics(out, look, title, render::QUESTIONS, &summary);
    report.conclude(&aim.asides, statistics, |json, out| json.arp_summary(out, &summary), None)?;
    report.close(Counts::default())?;
    Ok(u8::from(aim.unanswerable))
}
