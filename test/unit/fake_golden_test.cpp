// SPDX-License-Identifier: PostgreSQL
// What names, contacts and texts come out as, for ever.
#include <gtest/gtest.h>

#include <string>

#include "fake_fixture.hpp"

namespace gdpr {
namespace {

using test::Ask;
using test::FakeOf;

// The output for ever: whoever changes a list, a draw or an order changes people in copies.
TEST(FakeGolden, OutputIsTheSameForEver) {
  struct Golden {
    Locale locale;
    const char* kind;
    const char* text;
    const char* by_value;
    const char* by_person;
  };
  constexpr Golden kGolden[] = {
      {Locale::kEn, "full_name", "Anna Keller", "Gail Harrington", "Marian Woodard"},
      {Locale::kEn, "last_name", "KELLER", "WATERS", "WOODARD"},
      {Locale::kEn, "email", "anna@keller.test", "amber.wiggins.r1rs9x93cf755220@example.net",
       "marian.woodard.gdpyzwwab6zp9f7s@example.org"},
      {Locale::kEn, "username", "anna", "rickeybrooksdagwr4r9v5y6kh2n",
       "marianwoodardgdpyzwwab6zp9f7s"},
      {Locale::kEn, "address_line", "Nowhere 5, 12345 Town", "6 Canal Walk, Sunderland, SR9 3QY",
       "3 Terrell Road, Milton Keynes, MK6 6SS"},
      {Locale::kEn, "region", "Somewhere", "West Sussex", "Buckinghamshire"},
      {Locale::kEn, "company", "Keller Limited", "Giles & Hatfield LLP",
       "Greenwood & Dennis Partners"},
      {Locale::kEn, "job_title", "painter", "clinical embryologist", "pensions consultant"},
      {Locale::kEn, "free_text", "Called twice about the broken thing.",
       "Question about the last invoice.", "Would like to change the address."},
      {Locale::kEn, "nationality", "Martian", "Norwegian", "Israeli"},
      {Locale::kDe, "full_name", "Anna Keller", "Etta Klingelhöfer", "Romana Eberhardt"},
      {Locale::kDe, "last_name", "KELLER", "MOHAUPT", "EBERHARDT"},
      {Locale::kDe, "email", "anna@keller.test", "alara.buchegger.r1rs9x93cf755220@example.net",
       "romana.eberhardt.gdpyzwwab6zp9f7s@example.org"},
      {Locale::kDe, "username", "anna", "steffenkrainzdagwr4r9v5y6kh2n",
       "romanaeberhardtgdpyzwwab6zp9f7s"},
      {Locale::kDe, "address_line", "Nowhere 5, 12345 Town", "Höferring 6, 46049 Oberhausen",
       "Ziegeleiweg 3, 32108 Bad Salzuflen"},
      {Locale::kDe, "region", "Somewhere", "Nordrhein-Westfalen", "Nordrhein-Westfalen"},
      {Locale::kDe, "company", "Keller Limited", "Mörth & Schrammel AG",
       "Vollbrecht & Pacher GmbH"},
      {Locale::kDe, "job_title", "painter", "maschinenmechanik", "flugzeugspengler"},
      {Locale::kDe, "free_text", "Called twice about the broken thing.",
       "Fragt, ob es Parkplätze gibt.", "Ist mit dem Service zufrieden."},
      {Locale::kDe, "nationality", "Martian", "Nigerianisch", "Rumänisch"},
      {Locale::kFr, "full_name", "Anna Keller", "Emma Provencher", "Jessica Julliard"},
      {Locale::kFr, "last_name", "KELLER", "LACROIX", "JULLIARD"},
      {Locale::kFr, "email", "anna@keller.test", "elisa.guichard.r1rs9x93cf755220@example.net",
       "jessica.julliard.gdpyzwwab6zp9f7s@example.org"},
      {Locale::kFr, "username", "anna", "mickaelmonnetdagwr4r9v5y6kh2n",
       "jessicajulliardgdpyzwwab6zp9f7s"},
      {Locale::kFr, "address_line", "Nowhere 5, 12345 Town", "6 rue Bouvet, 93160 Noisy-le-Grand",
       "3 avenue Gélinas, 77340 Pontault-Combault"},
      {Locale::kFr, "region", "Somewhere", "Île-de-France", "Île-de-France"},
      {Locale::kFr, "company", "Keller Limited", "Bavaud & Therrien SA", "Rossellat & Picard SARL"},
      {Locale::kFr, "job_title", "painter", "veilleur stratégique", "commissaire-priseur"},
      {Locale::kFr, "free_text", "Called twice about the broken thing.",
       "A besoin d'une copie du reçu.", "Merci de vérifier le montant."},
      {Locale::kFr, "nationality", "Martian", "Finlandaise", "Argentine"},
      {Locale::kEs, "full_name", "Anna Keller", "Dora Bustamante", "Benigna Armengol"},
      {Locale::kEs, "last_name", "KELLER", "BARRENA", "ARMENGOL"},
      {Locale::kEs, "email", "anna@keller.test", "dafne.aparicio.r1rs9x93cf755220@example.net",
       "benigna.armengol.gdpyzwwab6zp9f7s@example.org"},
      {Locale::kEs, "username", "anna", "cayetanocamposdagwr4r9v5y6kh2n",
       "benignaarmengolgdpyzwwab6zp9f7s"},
      {Locale::kEs, "address_line", "Nowhere 5, 12345 Town", "Calle Leiva, 6, 28770 Colmenar Viejo",
       "Plaza Calleja, 3, 41927 Mairena del Aljarafe"},
      {Locale::kEs, "region", "Somewhere", "Andalucía", "Andalucía"},
      {Locale::kEs, "company", "Keller Limited", "Marin & Fábregas S.A.",
       "Castañeda & España S.Coop."},
      {Locale::kEs, "job_title", "painter", "pescador de alta mar", "profesor de idiomas"},
      {Locale::kEs, "free_text", "Called twice about the broken thing.",
       "Pregunta sobre la última factura.", "El contrato se firmó en primavera."},
      {Locale::kEs, "nationality", "Martian", "Ucraniana", "Estonia"},
      {Locale::kIt, "full_name", "Anna Keller", "Edda Lamborghini", "Diletta Morricone"},
      {Locale::kIt, "last_name", "KELLER", "MARCACCI", "MORRICONE"},
      {Locale::kIt, "email", "anna@keller.test", "anita.morandini.r1rs9x93cf755220@example.net",
       "diletta.morricone.gdpyzwwab6zp9f7s@example.org"},
      {Locale::kIt, "username", "anna", "gianlucagoldonidagwr4r9v5y6kh2n",
       "dilettamorriconegdpyzwwab6zp9f7s"},
      {Locale::kIt, "address_line", "Nowhere 5, 12345 Town", "Via Genova, 6, 15121 Alessandria",
       "Via Interiano, 3, 80017 Melito di Napoli"},
      {Locale::kIt, "region", "Somewhere", "Emilia-Romagna", "Campania"},
      {Locale::kIt, "company", "Keller Limited", "Mennea & Trombetta Group",
       "Pontecorvo & Modiano S.p.A."},
      {Locale::kIt, "job_title", "painter", "macchinista", "segretario"},
      {Locale::kIt, "free_text", "Called twice about the broken thing.",
       "Domanda sull'ultima fattura.", "Controllare l'importo, grazie."},
      {Locale::kIt, "nationality", "Martian", "Brasiliana", "Svedese"},
      {Locale::kNl, "full_name", "Anna Keller", "Ivy van den Eerenbeemt", "Julie van Ommeren"},
      {Locale::kNl, "last_name", "KELLER", "HUURDEMAN", "VAN OMMEREN"},
      {Locale::kNl, "email", "anna@keller.test", "elif.vanleeuwen.r1rs9x93cf755220@example.net",
       "julie.vanommeren.gdpyzwwab6zp9f7s@example.org"},
      {Locale::kNl, "username", "anna", "yusufsimonisdagwr4r9v5y6kh2n",
       "julievanommerengdpyzwwab6zp9f7s"},
      {Locale::kNl, "address_line", "Nowhere 5, 12345 Town", "Noorweg 6, 6862 MX Oosterbeek",
       "Mohamedhof 3, 3334 VV Zwijndrecht"},
      {Locale::kNl, "region", "Somewhere", "Noord-Holland", "Zuid-Holland"},
      {Locale::kNl, "company", "Keller Limited", "Martel & van de Velde B.V.",
       "Van de Leemput & Zwijsen V.O.F."},
      {Locale::kNl, "job_title", "painter", "ict-beheerder", "buschauffeur"},
      {Locale::kNl, "free_text", "Called twice about the broken thing.",
       "De monteur komt volgende week.", "Vraag over de laatste factuur."},
      {Locale::kNl, "nationality", "Martian", "Israëlische", "Spaanse"},
      {Locale::kPt, "full_name", "Anna Keller", "Eloá Casa Grande", "Yasmin Oliveira"},
      {Locale::kPt, "last_name", "KELLER", "PACHECO", "OLIVEIRA"},
      {Locale::kPt, "email", "anna@keller.test", "iris.nogueira.r1rs9x93cf755220@example.net",
       "yasmin.oliveira.gdpyzwwab6zp9f7s@example.org"},
      {Locale::kPt, "username", "anna", "mathiaspenedodagwr4r9v5y6kh2n",
       "yasminoliveiragdpyzwwab6zp9f7s"},
      {Locale::kPt, "address_line", "Nowhere 5, 12345 Town", "Rua do Mar, 6, 7080-065 Vendas Novas",
       "Largo de Neptuno, 3, 2825-393 Costa de Caparica"},
      {Locale::kPt, "region", "Somewhere", "Lisboa", "Setúbal"},
      {Locale::kPt, "company", "Keller Limited", "Araújo & Trindade Lda.",
       "Valadares & Seixas & Associados"},
      {Locale::kPt, "job_title", "painter", "trabalhador de costura", "porteiro de hotelaria"},
      {Locale::kPt, "free_text", "Called twice about the broken thing.",
       "Pergunta se há estacionamento.", "Pergunta sobre a última fatura."},
      {Locale::kPt, "nationality", "Martian", "Finlandesa", "Lituana"},
      {Locale::kPl, "full_name", "Anna Keller", "Inga Szczepańska", "Balbina Kędziorek"},
      {Locale::kPl, "last_name", "KELLER", "TOMCZYK", "KĘDZIOREK"},
      {Locale::kPl, "email", "anna@keller.test", "beata.krajewska.r1rs9x93cf755220@example.net",
       "balbina.kedziorek.gdpyzwwab6zp9f7s@example.org"},
      {Locale::kPl, "username", "anna", "oliwiersadlikdagwr4r9v5y6kh2n",
       "balbinakedziorekgdpyzwwab6zp9f7s"},
      {Locale::kPl, "address_line", "Nowhere 5, 12345 Town", "ul. Krzywa 6, 47-340 Krapkowice",
       "ul. Cyprysowa 3, 42-609 Tarnowskie Góry"},
      {Locale::kPl, "region", "Somewhere", "Wielkopolskie", "Śląskie"},
      {Locale::kPl, "company", "Keller Limited", "Wilma & Wolańczyk S.A.",
       "Włodarczyk & Trybus i Synowie"},
      {Locale::kPl, "job_title", "painter", "technik awionik", "makler morski"},
      {Locale::kPl, "free_text", "Called twice about the broken thing.",
       "Woli telefon po południu. Oddzwonić.", "Pytanie o ostatnią fakturę."},
      {Locale::kPl, "nationality", "Martian", "Tunezyjskie", "Rumuńskie"},
  };
  for (const Golden& golden : kGolden) {
    Ask ask;
    ask.locale = golden.locale;
    EXPECT_EQ(FakeOf(golden.kind, golden.text, ask), golden.by_value) << golden.kind;
    ask.seed = "4711";
    EXPECT_EQ(FakeOf(golden.kind, golden.text, ask), golden.by_person) << golden.kind;
  }
}

}  // namespace
}  // namespace gdpr
